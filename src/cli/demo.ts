// `reckon demo`: three questions answered by the bundled model, with speed and cost; also `npm run demo`.
import type { Command } from "commander";
import { costOf, DEFAULT_PRICE_PER_CORE_HOUR } from "../generate/cost.ts";
import { ModelSession } from "../generate/session.ts";
import { AnswerPrinter, summaryLine } from "./answer-printer.ts";
import { answerJson } from "./ask.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { addCommonOptions, type CommonOptions } from "./options.ts";
import { print, printJson } from "./output.ts";

/** One of each kind the bundled model was trained for: arithmetic, an equation, letters. */
export const DEMO_QUESTIONS: readonly string[] = [
  "What is 37 * 48?",
  "Solve 7x + 12 = 75 for x.",
  'How many "r" are in "strawberry"?',
];

export function register(program: Command): void {
  const command = program
    .command("demo")
    .description("three questions answered, with speed and cost")
    .option("--model <model>", "a folder, a run, a .gguf file or a pulled name (default: the bundled model)");
  addCommonOptions(command, ["threads", "device", "json"]).action(demo);
}

async function demo(options: CommonOptions & { readonly model?: string }): Promise<void> {
  using interrupt = listenForInterrupt("stopping");
  const session = await ModelSession.open({ model: options.model, threads: options.threads });
  try {
    for (const question of DEMO_QUESTIONS) {
      const printer = options.json ? null : new AnswerPrinter(process.stdout);
      if (!options.json) print(`> ${question}`);
      const started = performance.now();
      const answer = await session.complete(
        { messages: [{ role: "user", content: question }] },
        { temperature: 0, signal: interrupt.signal }, // the same answers at every start
        (delta) => printer?.write(delta),
      );
      printer?.end();
      if (interrupt.signal.aborted) throw interrupt.signal.reason;
      const cost = costOf(
        session.decoder.config,
        {
          promptTokens: answer.usage.prompt_tokens,
          newTokens: answer.usage.completion_tokens,
          seconds: (performance.now() - started) / 1000,
          threads: session.decoder.device.threads,
        },
        DEFAULT_PRICE_PER_CORE_HOUR,
      );
      if (options.json) printJson({ question, ...answerJson(session.name, answer), cost });
      else print(`${summaryLine(session.name, [answer], cost)}\n`);
    }
  } finally {
    await session.close();
  }
}
