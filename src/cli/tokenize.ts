// `reckon tokenize`: text to token ids, one text from standard input or many from a file, without loading any weights.
import type { Command } from "commander";
import { z } from "zod";
import { UserError } from "../error.ts";
import { loadModelText } from "../text/model-text.ts";
import type { EncodeOptions, Tokenizer } from "../text/tokenizer.ts";
import { addCommonOptions } from "./options.ts";
import { print, printJson } from "./output.ts";
import { readStandardInput, readTextFile, textModelPath } from "./text-input.ts";

interface Flags {
  readonly model?: string;
  readonly batch?: string;
  readonly addSpecial?: true;
  readonly parseSpecial?: true;
  readonly json?: true;
}

/** Adds `tokenize`. */
export function register(program: Command): void {
  addCommonOptions(program.command("tokenize").description("turn text on standard input into token ids"), ["json"])
    .option(
      "--model <model>",
      "a folder with tokenizer.json, a .gguf file or a pulled name (default: the bundled model)",
    )
    .option("--batch <file>", "JSON lines {id,text} instead of standard input; prints {id,ids,decoded}")
    .option("--add-special", "add what the tokenizer puts around a text, usually BOS")
    .option("--parse-special", "read special tokens written in the text as those tokens")
    .action(async (flags: Flags) => {
      const { tokenizer } = loadModelText(textModelPath(flags.model));
      const options = { addSpecial: flags.addSpecial === true, parseSpecial: flags.parseSpecial === true };
      if (flags.batch !== undefined) {
        for (const line of tokenizeLines(tokenizer, readTextFile(flags.batch, "--batch"), options, flags.batch))
          printJson(line);
        return;
      }
      const ids = tokenizer.encode(await readStandardInput(), options);
      if (flags.json) printJson({ ids });
      else print(ids.join(" "));
    });
}

/** Tokenizes JSON lines `{id,text}`, in order. @throws UserError naming the line that is not one */
export function* tokenizeLines(
  tokenizer: Tokenizer,
  lines: string,
  options: EncodeOptions,
  file: string,
): Iterable<{ readonly id: unknown; readonly ids: readonly number[]; readonly decoded: string }> {
  for (const [index, line] of lines.split("\n").entries()) {
    if (line.trim() === "") continue;
    const { id, text } = parseLine(line, `${file}, line ${index + 1}`);
    const ids = tokenizer.encode(text, options);
    yield { id, ids, decoded: tokenizer.decode(ids) };
  }
}

const Line = z.object({ id: z.union([z.string(), z.number(), z.null()]).optional(), text: z.string() });

function parseLine(line: string, where: string): z.infer<typeof Line> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    throw new UserError(`${where} is not JSON; each line is {"id":...,"text":"..."}`, { param: "--batch" });
  }
  const row = Line.safeParse(json);
  if (!row.success)
    throw new UserError(`${where} lacks a text; each line is {"id":...,"text":"..."}`, { param: "--batch" });
  return row.data;
}
