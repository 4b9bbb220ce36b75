/** What a local model's weights are told by: a hash of samples of their files, quick for gigabytes, the same wherever they lie. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const SAMPLE = 1 << 16;
const SAMPLES = 16;

/** A hash over the sizes of the weights' files and 16 pieces of 64 KiB of each. @param place a model's folder or file */
export function weightsFingerprint(place: string): string {
  const hash = createHash("sha256");
  for (const file of weightFiles(place)) {
    const fd = fs.openSync(file, "r");
    try {
      const { size } = fs.fstatSync(fd);
      hash.update(`${size}\n`);
      const piece = Buffer.alloc(SAMPLE);
      const pieces = size <= SAMPLE * SAMPLES ? Math.ceil(size / SAMPLE) : SAMPLES;
      for (let i = 0; i < pieces; i++) {
        const from = pieces === 1 ? 0 : Math.round((i / (pieces - 1)) * Math.max(0, size - SAMPLE));
        hash.update(piece.subarray(0, fs.readSync(fd, piece, 0, SAMPLE, from)));
      }
    } finally {
      fs.closeSync(fd);
    }
  }
  return hash.digest("hex").slice(0, 16);
}

function weightFiles(place: string): string[] {
  if (!fs.statSync(place).isDirectory()) return [place];
  const names = fs
    .readdirSync(place)
    .filter((name) => /\.(safetensors|gguf)$/.test(name) && !name.startsWith("state."));
  return names.sort().map((name) => path.join(place, name));
}
