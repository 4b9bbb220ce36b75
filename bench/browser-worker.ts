/** The worker of bench/browser.ts: the engine of the browser, timed by the same passes as in Node. */
import { fetchModel } from "../src/browser/fetch-model.ts";
import { openModel } from "../src/checkpoint/open-model.ts";
import { cpuDevice } from "../src/kernels/cpu/device.ts";
import type { KvCache } from "../src/model/cache.ts";
import { Decoder } from "../src/model/decoder.ts";
import { PROMPT, readPrompt, timed, writeTokens } from "./passes.ts";

/** `load` first, then `time` as often as wanted; each is answered by one message. */
export type BenchRequest =
  | {
      readonly kind: "load";
      readonly url: string;
      readonly threads: number;
      readonly prefill: number;
      readonly decode: number;
    }
  | { readonly kind: "time" };

let loaded: { readonly decoder: Decoder; readonly cache: KvCache; readonly prefill: number; readonly decode: number };

self.onmessage = ({ data }) => {
  const request = data as BenchRequest;
  const answer = request.kind === "load" ? load(request) : Promise.resolve(time());
  answer.then(
    (value) => self.postMessage({ value }),
    (error: unknown) => self.postMessage({ error: String(error) }),
  );
};

async function load({ url, threads, prefill, decode }: Extract<BenchRequest, { kind: "load" }>) {
  const { path, release } = await fetchModel({ name: "bench", files: { "model.gguf": url } }, () => {});
  const started = performance.now();
  const device = await cpuDevice({ threads });
  const source = openModel(path);
  const decoder = Decoder.load(device, source.config, source, { weights: "stored" });
  source.close();
  release();
  const loadMs = performance.now() - started;
  const cache = decoder.newCache(1, Math.max(prefill, PROMPT + decode));
  loaded = { decoder, cache, prefill, decode };
  readPrompt(decoder, cache, PROMPT); // the first pass compiles and touches the weights
  writeTokens(decoder, cache, 4);
  return { loadMs, threads: device.threads };
}

function time() {
  const { decoder, cache, prefill, decode } = loaded;
  const read = timed(prefill, () => readPrompt(decoder, cache, prefill));
  readPrompt(decoder, cache, PROMPT);
  return { prefill: read, decode: timed(decode, () => writeTokens(decoder, cache, decode)) };
}
