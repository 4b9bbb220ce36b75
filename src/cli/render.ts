// `reckon render`: the text a chat template makes of messages, byte for byte, to compare with what another program feeds its model.
import type { Command } from "commander";
import { z } from "zod";
import { UserError, usageError } from "../error.ts";
import { parseJson } from "../text/jinja/values.ts";
import { loadModelText } from "../text/model-text.ts";
import { type ChatMessage, renderChat } from "../text/template.ts";
import { addCommonOptions } from "./options.ts";
import { printJson } from "./output.ts";
import { readJsonFile, readTextFile, textModelPath } from "./text-input.ts";

interface Flags {
  readonly model?: string;
  readonly template?: string;
  readonly messages: string;
  readonly tools?: string;
  readonly generationPrompt: boolean;
  readonly set: Readonly<Record<string, unknown>>;
  readonly json?: true;
}

/** Adds `render`. */
export function register(program: Command): void {
  addCommonOptions(program.command("render").description("print the text a chat template makes of messages"), ["json"])
    .option("--model <model>", "a folder, a .gguf file or a pulled name (default: the bundled model)")
    .option("--template <file>", "a Jinja template instead of the model's; its special tokens come from --set")
    .requiredOption("--messages <file>", "JSON: a list of {role,content,...}, or {messages,tools}")
    .option("--tools <file>", "JSON: a list of tools as the API takes them")
    .option("--no-generation-prompt", "do not open the assistant's turn")
    .option(
      "--set <key=json>",
      "a variable of the template, such as enable_thinking=false; repeatable",
      addVariable,
      {},
    )
    .action((flags: Flags) => {
      if (flags.model !== undefined && flags.template !== undefined) {
        throw usageError("--model and --template exclude each other: give one", "--template");
      }
      const text = render(flags);
      if (flags.json) printJson({ text });
      else process.stdout.write(text);
    });
}

function render(flags: Flags): string {
  const { messages, tools } = readMessages(flags);
  const options = { tools, addGenerationPrompt: flags.generationPrompt, variables: flags.set };
  return flags.template === undefined
    ? loadModelText(textModelPath(flags.model)).render(messages, options)
    : renderChat(readTextFile(flags.template, "--template"), messages, options);
}

const Messages = z.array(z.looseObject({ role: z.string() }));
const Tools = z.array(z.unknown());
const Conversation = z.object({ messages: Messages, tools: Tools.optional() });

function readMessages(flags: Flags): { messages: readonly ChatMessage[]; tools?: readonly unknown[] } {
  const json = readJsonFile(flags.messages, "--messages", parseJson);
  const parsed = Conversation.safeParse(Array.isArray(json) ? { messages: json } : json);
  if (!parsed.success) {
    throw new UserError(`--messages ${flags.messages} must be a JSON list of messages, each with a role`, {
      param: "--messages",
    });
  }
  if (flags.tools === undefined) return parsed.data;
  const tools = Tools.safeParse(readJsonFile(flags.tools, "--tools", parseJson));
  if (!tools.success) throw new UserError(`--tools ${flags.tools} must be a JSON list of tools`, { param: "--tools" });
  return { messages: parsed.data.messages, tools: tools.data };
}

function addVariable(text: string, before: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const at = text.indexOf("=");
  const key = text.slice(0, at);
  if (at < 1) throw usageError(`--set takes key=json, not "${text}"`, "--set");
  try {
    return { ...before, [key]: parseJson(text.slice(at + 1)) };
  } catch {
    throw usageError(
      `--set ${key} needs JSON after the =, such as ${key}='"text"' or ${key}=true, not ${text.slice(at + 1)}`,
      "--set",
    );
  }
}
