/**
 * One text at a time, several tokens a step: a drafter guesses, one step of the model reads all guesses at once, and as many are
 * taken as the model would have written itself. Each token is chosen from the model's own logits exactly as without guesses, with
 * the same random numbers, so the text is the same, sampled or greedy, whatever the drafter says.
 */
import type { Device } from "../../kernels/kernels.ts";
import type { KvCache } from "../../model/cache.ts";
import type { Decoder } from "../../model/decoder.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { breathe } from "../batch.ts";
import { checkRequest, type Finish, type Request, Sequence } from "../sequence.ts";
import type { Drafter } from "./drafter.ts";
import { Eagerness } from "./eagerness.ts";
import { RowWriter } from "./row-writer.ts";
import type { Speculation } from "./speculation.ts";

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Told of each token; what it returns ends the sequence. */
  readonly onToken?: (sequence: Sequence) => Finish | null;
}

/** Prompt tokens read per step. */
const CHUNK = 512;

export class SpeculativeRunner {
  readonly capacity: number;
  readonly mostDrafted: number;
  readonly #decoder: Decoder;
  readonly #device: Device;
  readonly #drafter: Drafter;
  readonly #cache: KvCache;
  /** Tokens whose keys and values the cache holds, and after them those of the text under way. */
  readonly #tokens: Int32Array;
  #held = 0;
  readonly #rows: {
    count: number;
    readonly ids: Int32Array;
    readonly slots: Int32Array;
    readonly positions: Int32Array;
  };
  readonly #guesses: Int32Array;
  readonly #writer: RowWriter;

  /** `drafter` gets the cache, with a layer for the model's prediction module; `mostDrafted` guesses a step at most. */
  constructor(decoder: Decoder, capacity: number, drafter: (cache: KvCache) => Drafter, mostDrafted = 8) {
    const { device } = decoder;
    this.capacity = capacity;
    this.#decoder = decoder;
    this.#device = device;
    this.mostDrafted = mostDrafted;
    this.#cache = decoder.newCache(1, capacity, true);
    this.#drafter = drafter(this.#cache);
    this.#tokens = new Int32Array(capacity + 1);
    const rows = Math.max(CHUNK, mostDrafted + 1);
    this.#rows = { count: 0, ids: new Int32Array(rows), slots: new Int32Array(rows), positions: new Int32Array(rows) };
    this.#guesses = new Int32Array(mostDrafted);
    this.#writer = new RowWriter(device, decoder.config.vocab_size);
  }

  /** Writes one text. @throws UserError as a scheduler does */
  async run(request: Request, options: RunOptions = {}): Promise<{ sequence: Sequence; speculation: Speculation }> {
    checkRequest(request, this.#decoder.config.vocab_size, this.capacity);
    const sequence = new Sequence(request);
    const guessed = { drafted: 0, accepted: 0 };
    sequence.guessed = guessed;
    this.#drafter.reset();
    await this.#read(request.prompt, options);
    if (request.maxTokens === 0) sequence.finish = "length";
    const eagerness = new Eagerness(this.mostDrafted);
    let breathed = performance.now();
    while (sequence.finish === null) {
      if (options.signal?.aborted) {
        sequence.finish = "abort";
        break;
      }
      const before = sequence.ids.length;
      const drafted = this.#step(sequence, eagerness.now, options);
      const accepted = sequence.ids.length - before - 1;
      guessed.drafted += drafted;
      guessed.accepted += accepted;
      eagerness.note(drafted, accepted);
      if (performance.now() - breathed > 15) {
        await breathe();
        breathed = performance.now();
      }
    }
    return { sequence, speculation: sequence.speculation! };
  }

  /** Gives the memory back. */
  close(): void {
    this.#cache.free();
    this.#writer.close();
  }

  /** Reads the prompt, its last token aside, as far as the cache does not hold it. */
  async #read(prompt: ArrayLike<number>, { signal }: RunOptions): Promise<void> {
    const last = prompt.length - 1;
    let at = 0;
    while (at < this.#held && at < last && this.#tokens[at] === prompt[at]) at++;
    // What a drafter that reads keeps of a token depends on the next one too, and that is another now.
    if (this.#drafter.read !== undefined && at > 0) at--;
    for (let i = at; i < prompt.length; i++) this.#tokens[i] = prompt[i];
    while (at < last && !signal?.aborted) {
      const count = Math.min(CHUNK, last - at);
      this.#lay(at, count);
      const hidden = this.#decoder.step(this.#cache, this.#rows);
      this.#drafter.read?.(hidden, this.#tokens, at);
      at += count;
      this.#held = at;
      if (at < last) await breathe();
    }
    this.#held = at;
  }

  /** One step: the last token and its guesses. Returns how many there were. */
  #step(sequence: Sequence, eager: number, { onToken }: RunOptions): number {
    const { request } = sequence;
    const { length } = request.prompt;
    const known = length + sequence.ids.length; // tokens there are; the last one is fed
    const room = Math.min(eager, request.maxTokens - sequence.ids.length - 1);
    const drafted = room > 0 ? this.#drafter.draft(this.#tokens, known, this.#guesses, room) : 0;
    for (let k = 0; k < drafted; k++) this.#tokens[known + k] = this.#guesses[k];
    this.#lay(known - 1, drafted + 1);
    const hidden = this.#decoder.step(this.#cache, this.#rows);
    const logits = this.#decoder.logits(hidden); // (drafted + 1, vocabulary)
    let row = 0;
    for (; row <= drafted; row++) {
      const id = this.#writer.write(sequence, logits, row, sequence.ids.length);
      this.#held = known + row;
      this.#tokens[known + row] = id;
      const ends = onToken?.(sequence) ?? null;
      sequence.finish ??= ends;
      if (sequence.finish !== null || row === drafted || id !== this.#guesses[row]) break;
    }
    const right = new Tensor(this.#device.slice(hidden.buf, 0, (row + 1) * hidden.width), row + 1, hidden.width);
    this.#drafter.read?.(right, this.#tokens, known - 1);
    return drafted;
  }

  #lay(from: number, count: number): void {
    const { ids, positions } = this.#rows;
    for (let i = 0; i < count; i++) {
      ids[i] = this.#tokens[from + i];
      positions[i] = from + i;
    }
    this.#rows.count = count;
  }
}
