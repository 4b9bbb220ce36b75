/**
 * Reading a model file, and every block format's way to float32 and back, in processor time of one thread:
 *
 *   node bench/checkpoint.ts MODEL
 *
 * One JSON line for the file (open: config, vocabulary and tensor table; blocks: every matrix as it is stored, kept; floats: every
 * tensor to float32, one at a time; resident memory beyond the empty process after open and blocks), one for each format.
 */
import { openModel } from "../src/checkpoint/open-model.ts";
import { dequantize } from "../src/kernels/blocks/dequantize.ts";
import { quantize, WRITABLE_TYPES } from "../src/kernels/blocks/quantize.ts";
import { allBlocks } from "../src/kernels/blocks/reader.ts";
import { Random } from "../src/random.ts";

const NUMBERS = 1 << 21;

/** Milliseconds of processor time a piece of work takes. */
function cpuMs(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function measureFile(file: string): void {
  const empty = process.memoryUsage().rss;
  const kept: ArrayBufferView[] = [];
  let model: ReturnType<typeof openModel> | undefined;
  const open = cpuMs(() => {
    model = openModel(file);
  });
  if (model === undefined) return;
  const { readBlocks, readTensor, tensors, fileBytes } = model;
  const blocks = cpuMs(() => {
    for (const { name } of tensors()) {
      const blocks = readBlocks(name)?.blocks;
      kept.push(blocks === undefined ? readTensor(name) : allBlocks(blocks));
    }
  });
  const resident = process.memoryUsage().rss - empty;
  const longest = Math.max(...tensors().map(({ shape }) => shape.reduce((product, extent) => product * extent, 1)));
  const room = new Float32Array(longest);
  const floats = cpuMs(() => {
    for (const { name, shape } of tensors()) {
      readTensor(
        name,
        room.subarray(
          0,
          shape.reduce((product, extent) => product * extent, 1),
        ),
      );
    }
  });
  model.close();
  const ms = { open_ms: round(open), blocks_ms: round(blocks), floats_ms: round(floats) };
  print({ file, bytes: fileBytes, ...ms, resident_bytes: resident, resident_ratio: round(resident / fileBytes, 2) });
}

function measureFormats(): void {
  const random = Random.from(1, "numbers");
  const values = Float32Array.from({ length: NUMBERS }, () => random.next() - 0.5);
  const back = new Float32Array(NUMBERS);
  for (const type of WRITABLE_TYPES) {
    const blocks = quantize(type, values);
    dequantize(type, blocks, back); // compiled by now
    const writing = cpuMs(() => quantize(type, values, blocks));
    const reading = cpuMs(() => dequantize(type, blocks, back));
    const rate = (ms: number): number => round(NUMBERS / 1000 / ms, 1);
    print({ type, quantize_m_per_s: rate(writing), dequantize_m_per_s: rate(reading) });
  }
}

const round = (value: number, digits = 0): number => Number(value.toFixed(digits));
const print = (line: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const [file] = process.argv.slice(2);
if (file !== undefined) measureFile(file);
measureFormats();
