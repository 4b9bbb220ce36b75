// `reckon ask`: one question, its thinking dimmed and its answer, or all of it as JSON.
import type { Command } from "commander";
import { usageError } from "../error.ts";
import type { Answer } from "../generate/answer.ts";
import { costOf, DEFAULT_PRICE_PER_CORE_HOUR } from "../generate/cost.ts";
import { type CompleteOptions, ModelSession, type Question } from "../generate/session.ts";
import { majority } from "../generate/vote.ts";
import { AnswerPrinter, summaryLine } from "./answer-printer.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { addCommonOptions, type CommonOptions, naturalNumber, numberBetween, positiveInteger } from "./options.ts";
import { note, print, printJson } from "./output.ts";

interface AskOptions extends CommonOptions, SamplingOptions {
  readonly model?: string;
  readonly n: number;
  readonly vote?: true;
  readonly raw?: true;
  readonly system?: string;
  readonly pricePerCoreHour: number;
}

/** The flags `ask` and `chat` share. */
export interface SamplingOptions {
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly thinkBudget?: number;
}

/** Adds the flags that say how tokens are drawn. */
export function addSamplingOptions(command: Command): Command {
  return command
    .option("--max-tokens <n>", "at most this many new tokens", positiveInteger("--max-tokens"))
    .option("--temperature <t>", "0: always the most likely token", numberBetween("--temperature", 0, 100))
    .option("--top-p <p>", "keep the fewest tokens with this much probability", numberBetween("--top-p", 0, 1))
    .option("--top-k <k>", "keep this many of the likeliest tokens (0: all)", naturalNumber("--top-k"))
    .option("--min-p <p>", "keep tokens this likely relative to the likeliest", numberBetween("--min-p", 0, 1))
    .option(
      "--think-budget <n>",
      "at most this many thinking tokens; 0: answer directly",
      naturalNumber("--think-budget"),
    );
}

/** What of these flags a completion takes. */
export const completeOptions = (options: SamplingOptions & { readonly seed?: number }): CompleteOptions => ({
  maxTokens: options.maxTokens,
  temperature: options.temperature,
  topP: options.topP,
  topK: options.topK,
  minP: options.minP,
  thinkBudget: options.thinkBudget,
  seed: options.seed,
});

export function register(program: Command): void {
  const command = program
    .command("ask")
    .description("ask a model one question: its thinking, then its answer")
    .argument("[prompt...]", "the question; read from standard input where left out")
    .option("--model <model>", "a model's folder or a run's, or a .gguf file (default: the bundled model)")
    .option("--system <text>", "a system message")
    .option("--n <n>", "answers to give, each with a seed of its own", positiveInteger("--n"), 1)
    .option("--vote", "with --n: the answer given most often")
    .option("--raw", "continue the text as it is, without the chat template")
    .option(
      "--price-per-core-hour <usd>",
      "price the cost is computed with",
      numberBetween("--price-per-core-hour", 0, Number.POSITIVE_INFINITY),
      DEFAULT_PRICE_PER_CORE_HOUR,
    );
  addSamplingOptions(command);
  addCommonOptions(command, ["seed", "threads", "device", "weights", "mla", "json"]).action(ask);
}

async function ask(words: readonly string[], options: AskOptions): Promise<void> {
  if (options.vote && options.n < 2)
    throw usageError("--vote needs several answers to choose from: add --n 5", "--vote");
  if (options.raw && options.system !== undefined) {
    throw usageError("--system has no place with --raw: write it into the text itself", "--system");
  }
  const text = words.length > 0 ? words.join(" ") : await standardInput();
  if (text.trim() === "")
    throw usageError('there is no prompt: give one, as in `reckon ask "What is 37 * 48?"`', "prompt");
  using interrupt = listenForInterrupt("stopping; press Ctrl-C again to stop at once");
  const { model, threads, weights, mla } = options;
  const session = await ModelSession.open({ model, threads, weights, mla });
  try {
    await answerAndPrint(session, questionOf(text, options), options, interrupt.signal);
  } finally {
    await session.close();
  }
  if (interrupt.signal.aborted) throw interrupt.signal.reason;
}

async function answerAndPrint(
  session: ModelSession,
  question: Question,
  options: AskOptions,
  signal: AbortSignal,
): Promise<void> {
  const printer = options.json || options.n > 1 ? null : new AnswerPrinter(process.stdout);
  const started = performance.now();
  const answers = await session.completeAll(question, { ...completeOptions(options), n: options.n, signal }, (delta) =>
    printer?.write(delta),
  );
  printer?.end();
  if (signal.aborted && options.json) throw signal.reason; // half an answer is no result
  const seconds = (performance.now() - started) / 1000;
  const vote = options.vote ? majority(answers.map(({ answer }) => answer)) : null;
  const cost = costOf(
    session.decoder.config,
    {
      promptTokens: answers[0].usage.prompt_tokens,
      newTokens: answers.reduce((sum, { usage }) => sum + usage.completion_tokens, 0),
      seconds,
      threads: session.decoder.device.threads,
    },
    options.pricePerCoreHour,
  );
  if (options.json) {
    const chosen = answerJson(session.name, answers[vote?.index ?? 0]);
    const samples = answers.map((one) => answerJson(session.name, one));
    const all = options.n > 1 ? { samples, ...(vote === null ? {} : { votes: vote.tally }) } : {};
    printJson({ ...chosen, ...all, cost });
    return;
  }
  if (options.n > 1) printSeveral(answers, vote);
  note(summaryLine(session.name, answers, cost));
}

/** The shape other programs rely on. */
export const answerJson = (model: string, one: Answer): Record<string, unknown> => ({
  model,
  text: one.text,
  reasoning: one.reasoning,
  answer: one.answer,
  finish_reason: one.finish_reason,
  ids: one.ids,
  usage: one.usage,
  timing: one.timing,
});

function printSeveral(answers: readonly Answer[], vote: ReturnType<typeof majority> | null): void {
  if (vote === null) {
    for (const { answer } of answers) print(answer.trim());
    return;
  }
  for (const { answer, votes } of vote.tally) note(`${votes} of ${answers.length}: ${answer.trim() || "(no answer)"}`);
  print(vote.answer.trim());
}

const questionOf = (text: string, { raw, system }: AskOptions): Question =>
  raw
    ? { raw: text }
    : {
        messages: [
          ...(system === undefined ? [] : [{ role: "system", content: system }]),
          { role: "user", content: text.trim() },
        ],
      };

async function standardInput(): Promise<string> {
  if (process.stdin.isTTY) note("(type the question, then Ctrl-D)");
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const piece of process.stdin) text += piece;
  return text;
}
