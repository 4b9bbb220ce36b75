/** What an evaluation is called where there is little room. */

/**
 * Its file without the ending; of a published model's evaluation the model and how it was asked:
 * `models/reckon-nano/evaluation.json/base/greedy` is "reckon-nano base, greedy".
 */
export function shortName(id: string): string {
  const published = /^(.*?)\/?evaluation\.json(?:\/(.*))?$/.exec(id);
  if (published === null) return id.replace(/(\.report)?\.jsonl?$/, "");
  const [, folder, part = ""] = published;
  const model = folder!.replace(/^models\//, "") || "evaluation";
  const steps = part.split("/");
  const level = steps[0] === "harder" ? `, level ${steps[1]}` : "";
  const [which, style] = steps.slice(-2);
  const whose = { base: " base", final_f32: " in F32" }[which!] ?? "";
  return `${model}${whose}${level}${style === undefined ? "" : `, ${style}`}`;
}

/** What is wrong with a file, by its whole name: messages about files name them without their folders. */
export function failureOf(id: string, failure: string): string {
  const name = id.slice(id.lastIndexOf("/") + 1);
  return failure.startsWith(name) ? `${id}${failure.slice(name.length)}` : `${id}: ${failure}`;
}
