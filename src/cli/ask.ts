// `reckon ask`: one question, its thinking dimmed and its answer, or all of it as JSON.
import type { Command } from "commander";
import { usageError } from "../error.ts";
import type { Answer } from "../generate/answer.ts";
import type { TokenChoice, TokenInfo } from "../generate/answer-options.ts";
import { costOf, DEFAULT_PRICE_PER_CORE_HOUR } from "../generate/cost.ts";
import { type CompleteOptions, ModelSession, type Question } from "../generate/session.ts";
import { MOST_ALTERNATIVES } from "../generate/token-info.ts";
import { majority, type Vote } from "../generate/vote.ts";
import { AnswerPrinter, summaryLine } from "./answer-printer.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { addCommonOptions, type CommonOptions, naturalNumber, numberBetween, positiveInteger } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { addSamplingOptions, completeOptions, type SamplingOptions } from "./sampling-options.ts";

interface AskOptions extends CommonOptions, SamplingOptions {
  readonly model?: string;
  readonly n: number;
  readonly vote?: true;
  readonly raw?: true;
  readonly system?: string;
  readonly logprobs?: number;
  readonly entropy?: true;
  readonly pricePerCoreHour: number;
}

export function register(program: Command): void {
  const command = program
    .command("ask")
    .description("ask a model one question: its thinking, then its answer")
    .argument("[prompt...]", "the question; read from standard input where left out")
    .option("--model <model>", "a folder, a run, a .gguf file or a pulled name (default: the bundled model)")
    .option("--system <text>", "a system message")
    .option("--n <n>", "answers to give, each with a seed of its own", positiveInteger("--n"), 1)
    .option("--vote", "with --n: the answer given most often, 1/2 and 0.5 being one")
    .option("--raw", "continue the text as it is, without the chat template")
    .option(
      "--logprobs <n>",
      `with --json: log-probabilities of the tokens, and of n (0 to ${MOST_ALTERNATIVES}) alternatives to each`,
      naturalNumber("--logprobs"),
    )
    .option("--entropy", "with --json: the entropy of the distribution of each token, in nats")
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
  if ((options.logprobs !== undefined || options.entropy) && !options.json) {
    throw usageError("--logprobs and --entropy are printed with --json only: add it", "--logprobs");
  }
  if ((options.logprobs ?? 0) > MOST_ALTERNATIVES) {
    throw usageError(`--logprobs must be from 0 to ${MOST_ALTERNATIVES}, not ${options.logprobs}`, "--logprobs");
  }
  const asked = await completeOptions(options);
  const text = words.length > 0 ? words.join(" ") : await standardInput();
  if (text.trim() === "")
    throw usageError('there is no prompt: give one, as in `reckon ask "What is 37 * 48?"`', "prompt");
  using interrupt = listenForInterrupt("stopping; press Ctrl-C again to stop at once");
  const { model, threads, weights, mla } = options;
  const session = await ModelSession.open({ model, threads, weights, mla });
  try {
    await answerAndPrint(session, questionOf(text, options), asked, options, interrupt.signal);
  } finally {
    await session.close();
  }
  if (interrupt.signal.aborted) throw interrupt.signal.reason;
}

async function answerAndPrint(
  session: ModelSession,
  question: Question,
  asked: CompleteOptions,
  options: AskOptions,
  signal: AbortSignal,
): Promise<void> {
  const printer = options.json || options.n > 1 ? null : new AnswerPrinter(process.stdout);
  const started = performance.now();
  const { n, logprobs, entropy } = options;
  const answers = await session.completeAll(question, { ...asked, n, logprobs, entropy, signal }, (delta) =>
    printer?.write(delta),
  );
  printer?.end();
  if (signal.aborted && options.json) throw signal.reason; // half an answer is no result
  const seconds = (performance.now() - started) / 1000;
  const vote = options.vote ? await voted(answers.map(({ answer }) => answer)) : null;
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

/** The majority, answers that are mathematically the same being one. */
async function voted(answers: readonly string[]): Promise<Vote> {
  const { sameAnswer } = await import("../tasks/math/verify.ts"); // only a vote needs it
  return majority(answers, sameAnswer);
}

/** The shape other programs rely on. */
export const answerJson = (model: string, one: Answer): Record<string, unknown> => ({
  model,
  text: one.text,
  reasoning: one.reasoning,
  answer: one.answer,
  finish_reason: one.finish_reason,
  thinking_truncated: one.thinking_truncated,
  thinking_ended_by: one.thinking_ended_by,
  stop_sequence: one.stop_sequence,
  ids: one.ids,
  ...(one.logprobs === null ? {} : { logprobs: one.logprobs.map(tokenJson) }),
  usage: one.usage,
  timing: one.timing,
  ...(one.speculation === undefined ? {} : { speculation: one.speculation }),
});

const tokenJson = ({ top, thinking, entropy, ...token }: TokenInfo): Record<string, unknown> => ({
  ...choiceJson(token),
  ...(entropy === null ? {} : { entropy }),
  thinking,
  top_logprobs: top.map(choiceJson),
});

/** OpenAI's fields; a probability of 0 is -9999 there, since JSON has no infinity. */
const choiceJson = ({ id, text, bytes, logprob }: TokenChoice): Record<string, unknown> => ({
  id,
  token: text,
  bytes: [...bytes],
  logprob: Math.max(-9999, logprob),
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
