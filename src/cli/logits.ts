// `reckon logits`: one forward pass over given ids, for comparing a model with another implementation. Needs no tokenizer.
import type { Command } from "commander";
import { openModel } from "../checkpoint/open-model.ts";
import { usageError } from "../error.ts";
import { cpuDevice } from "../kernels/cpu/device.ts";
import type { Device } from "../kernels/kernels.ts";
import { nextTokens, packBatch } from "../model/batch.ts";
import { Decoder } from "../model/decoder.ts";
import { formatTable } from "./humane.ts";
import { addCommonOptions, type CommonOptions, integerList, positiveInteger } from "./options.ts";
import { print, printJson } from "./output.ts";

/** Ids with their logits, best first. */
export type Top = readonly (readonly [id: number, logit: number])[];

export interface LogitsResult {
  /** The most likely next id at every position. */
  readonly argmax: readonly number[];
  /** The best `top` of the last position. */
  readonly last: Top;
  /** Mean negative log-likelihood in nats of each id but the first; null for a single id, which nothing predicts. */
  readonly nll: number | null;
  /** With `all`, the best of every position. */
  readonly top?: readonly Top[];
}

interface LogitsOptions extends CommonOptions {
  readonly model: string;
  readonly ids: readonly number[];
  readonly all?: true;
  readonly top: number;
}

export function register(program: Command): void {
  const command = program
    .command("logits")
    .description("one forward pass over given ids")
    .requiredOption("--model <model>", "a folder, a run, a .gguf file or a pulled name; no tokenizer needed")
    .requiredOption("--ids <1,2,3>", "token ids", integerList("--ids"))
    .option("--all", "the best ids of every position, not only of the last")
    .option("--top <k>", "how many ids to list", positiveInteger("--top"), 5);
  addCommonOptions(command, ["threads", "device", "weights", "mla", "json"]).action(run);
}

async function run(options: LogitsOptions): Promise<void> {
  const source = openModel(options.model);
  const { config } = source;
  const outside = options.ids.find((id) => id >= config.vocab_size);
  if (outside !== undefined) {
    throw usageError(
      `--ids has ${outside}, which is outside the vocabulary of ${options.model}: ids go from 0 to ${config.vocab_size - 1}`,
      "--ids",
    );
  }
  const device = await cpuDevice({ threads: options.threads });
  try {
    const { weights = "stored", mla } = options;
    const decoder = Decoder.load(device, config, source, { weights, mla });
    const result = await logitsOf(decoder, device, options.ids, options.top, options.all === true);
    if (options.json) printJson(result);
    else printResult(result);
  } finally {
    source.close();
    await device.close();
  }
}

/** Runs the ids through the model once. @throws UserError where there are more ids than positions */
export async function logitsOf(
  decoder: Decoder,
  device: Device,
  ids: readonly number[],
  top: number,
  all: boolean,
): Promise<LogitsResult> {
  const vocabulary = decoder.config.vocab_size;
  const batch = packBatch(device, [ids], vocabulary);
  const hidden = decoder.forward(null, batch); // (ids, hidden)
  const targets = device.scratchI32(ids.length);
  device.write(targets, nextTokens(batch));
  const logp = await device.read(decoder.logProbs(null, hidden, targets).logp);
  const tops: Top[] = [];
  // Few rows at a time, so that a long prompt over a large vocabulary stays small.
  for (let at = 0; at < ids.length; at += rowsAtOnce) {
    const rows = Int32Array.from({ length: Math.min(rowsAtOnce, ids.length - at) }, (_, r) => at + r);
    const logits = await device.read(decoder.logits(decoder.pick(hidden, rows))); // (rows, vocabulary)
    for (const row of rows) {
      const start = (row - at) * vocabulary;
      tops.push(best(logits.subarray(start, start + vocabulary), row === ids.length - 1 || all ? top : 1));
    }
  }
  const scored = ids.length - 1;
  return {
    argmax: tops.map((one) => one[0][0]),
    last: tops[tops.length - 1],
    nll: scored === 0 ? null : -logp.subarray(0, scored).reduce((sum, one) => sum + one, 0) / scored,
    ...(all ? { top: tops } : {}),
  };
}

const rowsAtOnce = 64;

function best(logits: Float32Array, count: number): Top {
  const order = Array.from(logits.keys());
  if (count === 1) {
    const id = order.reduce((a, b) => (logits[b] > logits[a] ? b : a), 0);
    return [[id, logits[id]]];
  }
  return order
    .sort((a, b) => logits[b] - logits[a] || a - b)
    .slice(0, count)
    .map((id) => [id, logits[id]]);
}

function printResult({ last, nll, argmax, top }: LogitsResult): void {
  const rows = (list: Top): string[][] => list.map(([id, logit]) => [String(id), logit.toFixed(4)]);
  if (top === undefined) print(formatTable([["id", "logit"], ...rows(last)]));
  else {
    const lines = top.flatMap((list, position) => rows(list).map((row) => [String(position), ...row]));
    print(formatTable([["position", "id", "logit"], ...lines]));
  }
  print(`argmax per position: ${argmax.join(",")}`);
  if (nll !== null) print(`mean negative log-likelihood: ${nll.toFixed(4)} nats`);
}
