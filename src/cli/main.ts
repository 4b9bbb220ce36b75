// The `reckon` program: a table of commands, each in a file of its own that is loaded only when its command is used, so
// that `reckon --help` costs nothing of the engine.
import { readFileSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { flushed, guardProcess, reportError, wantsJson } from "./output.ts";

/** A command: its file exports `register`, which adds the command of this name, with its flags, to the program. */
export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<{ readonly register: (program: Command) => void }>;
}

/** Every command there is, in the order `reckon help` lists them. */
export const commands: readonly CommandEntry[] = [
  {
    name: "train",
    description: "train: pre-training, fine-tuning, R1-Zero, distillation, the whole chain",
    load: () => import("./train.ts"),
  },
  {
    name: "ask",
    description: "ask a model one question: its thinking, then its answer",
    load: () => import("./ask.ts"),
  },
  {
    name: "chat",
    description: "questions and answers in the terminal",
    load: () => import("./chat.ts"),
  },
  {
    name: "demo",
    description: "three questions answered, with speed and cost",
    load: () => import("./demo.ts"),
  },
  {
    name: "serve",
    description: "serve models over HTTP by the APIs of OpenAI and DeepSeek",
    load: () => import("./serve.ts"),
  },
  {
    name: "logits",
    description: "one forward pass over given ids",
    load: () => import("./logits.ts"),
  },
  {
    name: "eval",
    description: "accuracy on a benchmark, with thinking tokens and cost",
    load: () => import("./eval.ts"),
  },
  {
    name: "pull",
    description: "fetch a model from a Hugging Face-compatible hub",
    load: () => import("./pull.ts"),
  },
  {
    name: "models",
    description: "pulled models: list them, show one's size and shape, remove one",
    load: () => import("./models.ts"),
  },
  {
    name: "export",
    description: "write a model as a Hugging Face folder or a GGUF file",
    load: () => import("./export.ts"),
  },
  {
    name: "merge",
    description: "average the weights of models trained apart from one start",
    load: () => import("./merge.ts"),
  },
  {
    name: "publish",
    description: "make a published model of two runs or a chain: weights, card, training record",
    load: () => import("./publish.ts"),
  },
  {
    name: "runs",
    description: "list training runs, show one, compare two",
    load: () => import("./runs.ts"),
  },
  {
    name: "tasks",
    description: "the procedural tasks: list them, sample problems, score responses",
    load: () => import("./tasks.ts"),
  },
  {
    name: "verify",
    description: "judge a mathematical answer: right or wrong, and why",
    load: () => import("./verify.ts"),
  },
  {
    name: "tokenize",
    description: "turn text into token ids",
    load: () => import("./tokenize.ts"),
  },
  {
    name: "render",
    description: "print the text a chat template makes of messages",
    load: () => import("./render.ts"),
  },
  {
    name: "bench",
    description: "measure matrix products, training and generation on this machine",
    load: () => import("./bench.ts"),
  },
];

/**
 * Runs one command line and ends the process with its exit code.
 * @param args without node and script, such as ["runs", "list"]
 */
export async function main(args: readonly string[]): Promise<void> {
  const json = wantsJson(args);
  guardProcess(json);
  followParent();
  let code = 0;
  try {
    await runCommand(args, commands);
  } catch (error) {
    code = reportError(error, { json });
  }
  await flushed();
  // Worker threads may still wait for work; what was asked for is done.
  process.exit(code);
}

/**
 * Parses the arguments and runs the command they name.
 * @throws UserError, CommanderError (usage, and also help and version with exit code 0) or what the command throws
 */
export async function runCommand(args: readonly string[], table: readonly CommandEntry[]): Promise<void> {
  const program = new Command("reckon")
    .description("DeepSeek-R1 as open software: train, run, serve and evaluate a reasoning model.")
    .version(version(), "--version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help of a command")
    .exitOverride()
    .configureOutput({ outputError: () => {} }) // reportError says it
    .addHelpText("after", "\n`reckon help COMMAND` shows a command's flags.");
  const wanted = commandNamed(args);
  for (const entry of table) {
    if (entry.name === wanted) {
      const module = await entry.load();
      module.register(program);
      const command = program.commands.find((candidate) => candidate.name() === entry.name);
      if (command?.description() === "") {
        command.description(entry.description);
      }
    } else {
      program.command(entry.name).description(entry.description);
    }
  }
  if (args.length === 0) {
    program.outputHelp();
    return;
  }
  await program.parseAsync(args, { from: "user" }).catch((error) => {
    throw error instanceof CommanderError && error.exitCode !== 0 ? withHint(error, wanted) : error;
  });
}

/** The command the arguments name: the first word that is no flag, or the second after `help`. */
function commandNamed(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith("-"));
  return words[0] === "help" ? words[1] : words[0];
}

/** Adds where to read on to commander's sentence. */
function withHint(error: CommanderError, wanted: string | undefined): CommanderError {
  const known = error.code === "commander.unknownCommand" ? undefined : wanted;
  const hint = known === undefined ? "`reckon help` lists all commands" : `\`reckon help ${known}\` shows its flags`;
  return new CommanderError(error.exitCode, error.code, `${error.message.trimEnd()}; ${hint}`);
}

function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return manifest.version;
}

/**
 * Where an older Node started us and stays behind as our parent (scripts/launch.mjs), its death by kill -9 is ours too: a
 * training run nobody sees any more would go on for hours.
 */
function followParent(): void {
  const parent = Number(process.env.RECKON_PARENT);
  delete process.env.RECKON_PARENT;
  if (Number.isInteger(parent) && parent > 0) {
    setInterval(() => {
      if (process.ppid !== parent) {
        process.exit(137);
      }
    }, 1000).unref();
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2));
}
