// `reckon chat`: questions and answers in the terminal, many turns. Earlier turns stay in the prompt as long as they fit.
import { createInterface, type Interface } from "node:readline";
import type { Command } from "commander";
import { costOf, DEFAULT_PRICE_PER_CORE_HOUR } from "../generate/cost.ts";
import { ModelSession } from "../generate/session.ts";
import type { ChatMessage } from "../text/template.ts";
import { AnswerPrinter, coloursAllowed, summaryLine } from "./answer-printer.ts";
import { addCommonOptions, type CommonOptions } from "./options.ts";
import { describeError } from "./output.ts";
import { addSamplingOptions, completeOptions, type SamplingOptions } from "./sampling-options.ts";

interface ChatOptions extends CommonOptions, SamplingOptions {
  readonly model?: string;
  readonly system?: string;
}

/** The terminal, or what stands for it in tests. */
export interface ChatTerminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export function register(program: Command): void {
  const command = program
    .command("chat")
    .description("questions and answers in the terminal")
    .option("--model <model>", "a folder, a run, a .gguf file or a pulled name (default: the bundled model)")
    .option("--system <text>", "a system message");
  addSamplingOptions(command);
  addCommonOptions(command, ["seed", "threads", "device", "weights", "mla"]).action(async (options: ChatOptions) => {
    const { model, threads, weights, mla } = options;
    const session = await ModelSession.open({ model, threads, weights, mla });
    try {
      await chat(session, options, { input: process.stdin, output: process.stdout });
    } finally {
      await session.close();
    }
  });
}

const HELP = `/new            forget the conversation
/system TEXT    a system message (without TEXT: none)
/help           this
/exit           leave (or Ctrl-D)
Ctrl-C stops an answer; at the prompt it clears the line, and twice it leaves.`;

/** Runs the conversation until its input ends or /exit. */
export async function chat(session: ModelSession, options: ChatOptions, terminal: ChatTerminal): Promise<void> {
  const { output } = terminal;
  const reader = createInterface({ ...terminal, terminal: output.isTTY === true, historySize: 500 });
  const say = (text: string): boolean => output.write(`${text}\n`);
  const conversation = new Conversation(session, options.system);
  const dim = coloursAllowed(output) ? (text: string) => `\x1b[2m${text}\x1b[22m` : (text: string) => text;
  say(`${session.name}: ask something. /help lists commands, Ctrl-D leaves.`);
  try {
    for await (const line of lines(reader, output.isTTY === true)) {
      const text = line.trim();
      const [, command, rest] = /^\/(\w+)\s*(.*)$/.exec(text) ?? [];
      if (text === "") continue;
      if (command === "exit" || command === "quit") break;
      if (command === "new") {
        conversation.clear();
        say("a new conversation");
      } else if (command === "system") {
        conversation.system = rest === "" ? undefined : rest;
        say(rest === "" ? "no system message" : "system message set");
      } else if (command === "help") say(HELP);
      else if (command !== undefined) say(`there is no /${command}; /help lists what there is`);
      else await answer(conversation, text, options, reader, output, dim);
    }
  } finally {
    reader.close();
  }
}

async function answer(
  conversation: Conversation,
  text: string,
  options: ChatOptions,
  reader: Interface,
  output: ChatTerminal["output"],
  dim: (text: string) => string,
): Promise<void> {
  const { session } = conversation;
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  reader.on("SIGINT", onInterrupt);
  process.on("SIGINT", onInterrupt); // where the input is no terminal
  const printer = new AnswerPrinter(output);
  const started = performance.now();
  try {
    const messages = conversation.messagesFor(text, options.maxTokens);
    const asked = { ...(await completeOptions(options)), signal: stop.signal };
    const result = await session.complete({ messages }, asked, (delta) => printer.write(delta));
    printer.end();
    conversation.keep(text, result.answer);
    const cost = costOf(
      session.decoder.config,
      {
        promptTokens: result.usage.prompt_tokens,
        newTokens: result.usage.completion_tokens,
        seconds: (performance.now() - started) / 1000,
        threads: session.decoder.device.threads,
      },
      DEFAULT_PRICE_PER_CORE_HOUR,
    );
    output.write(`${dim(stop.signal.aborted ? "[stopped]" : summaryLine(session.name, [result], cost))}\n`);
  } catch (error) {
    printer.end();
    // One bad question (a character the model has no token for) must not end the conversation.
    const { message, type } = describeError(error);
    if (type === "internal_error") throw error;
    output.write(`${message}\n`);
  } finally {
    reader.removeListener("SIGINT", onInterrupt);
    process.removeListener("SIGINT", onInterrupt);
  }
}

/** The turns so far, and how many of them still fit. */
export class Conversation {
  readonly session: ModelSession;
  system: string | undefined;
  #turns: ChatMessage[] = [];

  constructor(session: ModelSession, system?: string) {
    this.session = session;
    this.system = system;
  }

  clear(): void {
    this.#turns = [];
  }

  keep(question: string, answer: string): void {
    this.#turns.push({ role: "user", content: question }, { role: "assistant", content: answer });
  }

  /**
   * The messages of the next question. The oldest turns are dropped for good once they leave the answer less than its
   * `maxTokens`, or less than half of the context where that is not given.
   */
  messagesFor(question: string, maxTokens?: number): ChatMessage[] {
    const { session } = this;
    const room = session.context - (maxTokens ?? Math.floor(session.context / 2));
    const asked = { role: "user", content: question };
    const front = this.system === undefined ? [] : [{ role: "system", content: this.system }];
    for (;;) {
      const messages = [...front, ...this.#turns, asked];
      if (this.#turns.length === 0 || session.prompt({ messages }).ids.length <= room) return messages;
      this.#turns.splice(0, 2);
    }
  }
}

/** Lines as they are entered; Ctrl-C at the prompt clears the line, twice in a row it ends them. */
async function* lines(reader: Interface, isTerminal: boolean): AsyncGenerator<string> {
  reader.setPrompt(isTerminal ? "> " : "");
  const queue: string[] = [];
  let wake: () => void = () => {};
  let closed = false;
  let interrupted = false;
  let prompting = true;
  reader.on("line", (line) => {
    interrupted = false;
    queue.push(line);
    wake();
  });
  reader.on("close", () => {
    closed = true;
    wake();
  });
  reader.on("SIGINT", () => {
    if (!prompting) return;
    if (interrupted) reader.close();
    else {
      interrupted = reader.line === "";
      reader.write(null, { ctrl: true, name: "e" });
      reader.write(null, { ctrl: true, name: "u" });
      if (interrupted) reader.prompt();
    }
  });
  for (;;) {
    if (queue.length === 0) {
      if (closed) return;
      prompting = true;
      reader.prompt();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      prompting = false;
      continue;
    }
    yield queue.shift()!;
  }
}
