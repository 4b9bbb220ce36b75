/** Many answers of a model to training questions, judged: what cold-start data and rejection sampling choose from. */
import { generateBatch } from "../../generate/batch.ts";
import type { Decoder } from "../../model/decoder.ts";
import { Random } from "../../random.ts";
import { taskNamed } from "../../tasks/catalogue.ts";
import { type Language, languageConsistency } from "../../tasks/language.ts";
import { sample } from "../../tasks/sample.ts";
import { score } from "../../tasks/score.ts";
import type { TaskEntry } from "../../tasks/task.ts";
import type { SamplingOptions } from "../options.ts";
import { parted } from "../rewards.ts";
import { worldDialogue } from "../world.ts";

export interface Sampled {
  readonly entry: TaskEntry;
  readonly language: Language | null;
  readonly thinking: string;
  readonly answer: string;
  readonly right: boolean;
}

/** Which questions are asked: the families in turn, each on one level after another (or its highest, where it has fewer). */
export interface SampledTasks {
  readonly families: readonly string[];
  readonly levels: readonly number[];
}

/** Asks `prompts` questions, `samples` times each, a share of `canonical` in wording 0; a question's samples stand together. */
export async function sampleAnswers(
  decoder: Decoder,
  { families, levels }: SampledTasks,
  options: SamplingOptions,
  seed: number,
  signal: AbortSignal,
  canonical = 0,
): Promise<Sampled[][]> {
  const dialogue = worldDialogue();
  const random = Random.from(seed, "samples");
  const worded = Random.from(seed, "wordings");
  const entries = Array.from({ length: options.prompts }, (_, index) => {
    const phrasing = worded.chance(canonical) ? 0 : "any";
    const task = taskNamed(families[index % families.length]!);
    const level = Math.min(levels[Math.floor(index / families.length) % levels.length]!, task.levels);
    return sample(task, { seed, index, level, split: "train", phrasing });
  });
  const requests = entries.flatMap((entry) =>
    Array.from({ length: options.samples }, () => ({
      prompt: dialogue.prompt(entry.prompt),
      maxTokens: options.max_tokens,
      sampling: { temperature: options.temperature, seed: random.bits() },
      stopIds: [dialogue.eos],
    })),
  );
  const completions = await generateBatch(decoder, requests, { slots: 128, signal });
  signal.throwIfAborted();
  return entries.map((entry, i) =>
    completions.slice(i * options.samples, (i + 1) * options.samples).map(({ ids, finish }) => {
      const text = dialogue.text(ids);
      const judged = score(entry, text, { ended: finish === "stop" });
      const [thinking, answer] = parted(text);
      const language = taskNamed(entry.task).language?.(entry.data) ?? null;
      const { accuracy, format } = judged.parts;
      const right = accuracy === 1 && format === 1 && PLAIN.test(text);
      return { entry, language, thinking: thinking.trim(), answer, right };
    }),
  );
}

/** A text of the world's own characters: no mark of the template, which a model may sample amid its thinking, is learned from. */
const PLAIN = /^[\n -~]*$/;

/** Whether thinking reads well: it is there, in one language where it has words of any, and no line of it comes twice. */
export function readable(thinking: string, language: Language | null): boolean {
  const lines = thinking.split("\n");
  if (thinking === "" || new Set(lines).size < lines.length) return false;
  return language === null || languageConsistency(thinking, language) === 1;
}
