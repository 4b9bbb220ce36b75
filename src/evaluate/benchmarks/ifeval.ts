/** IFEval: prompts with instructions that a program can check (Zhou et al. 2023, arXiv 2311.07911). */
import { withoutThinking } from "../../tasks/math/extract/extract.ts";
import { type Following, type Instruction, instructionVerifier } from "../../tasks/verifiers/ifeval/verify.ts";
import type { Judge, Parts } from "../item.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { fault, has, optionalText, text } from "./fields.ts";
import type { BenchmarkRecord } from "./records.ts";

export const ifeval: FileBenchmark = {
  name: "ifeval",
  about: "541 prompts with instructions that a program checks; right: all of a prompt's are followed, strictly read",
  licence: "Apache-2.0 (google-research/instruction_following_eval); evaluation only",
  files: ["ifeval.jsonl", "input_data.jsonl"],
  fits: (record) => has(record, "prompt", "instruction_id_list", "kwargs"),
  question: (record) => {
    const prompt = text(record, "prompt");
    const instructions = instructionsOf(record);
    return {
      id: optionalText(record, "key", "id") ?? undefined,
      text: prompt,
      prompt,
      gold: instructions.map(({ id }) => id).join(", "),
      judge: instructionJudge(record, instructions),
    };
  },
};

/** The four accuracies of IFEval: prompts strictly read are the answers' own; the others, and instructions by kind, are their parts. */
function instructionJudge(record: BenchmarkRecord, instructions: readonly Instruction[]): Judge {
  let judge: ReturnType<typeof instructionVerifier>;
  try {
    judge = instructionVerifier(instructions);
  } catch (error) {
    throw fault(record, `${record.where}: ${(error as Error).message}.`);
  }
  return (response) => {
    const { score, reason, rules } = judge(response);
    const spoken = withoutThinking(response)?.trim() ?? "";
    return { accuracy: score, format: spoken === "" ? 0 : 1, reason, answer: spoken || null, parts: partsOf(rules) };
  };
}

function partsOf(rules: readonly Following[]): Parts {
  const kept = (how: "strict" | "loose", some = rules) => some.filter((one) => one[how]).length;
  const kinds = Map.groupBy(rules, ({ id }) => id.split(":", 1)[0]!);
  return {
    prompt_loose: [kept("loose") === rules.length ? 1 : 0, 1],
    instruction_strict: [kept("strict"), rules.length],
    instruction_loose: [kept("loose"), rules.length],
    ...Object.fromEntries(
      [...kinds].map(([kind, some]) => [`instruction_strict/${kind}`, [kept("strict", some), some.length]]),
    ),
  };
}

function instructionsOf(record: BenchmarkRecord): readonly Instruction[] {
  const { instruction_id_list: ids, kwargs } = record.fields;
  if (!Array.isArray(ids) || ids.length === 0 || !ids.every((id) => typeof id === "string")) {
    throw fault(record, `${record.where}: "instruction_id_list" is not a list of instructions' names.`);
  }
  if (!Array.isArray(kwargs) || kwargs.length !== ids.length || !kwargs.every(isObject)) {
    throw fault(record, `${record.where}: "kwargs" is not a list of ${ids.length} objects, one an instruction.`);
  }
  return ids.map((id: string, i) => ({ id, args: kwargs[i] as Instruction["args"] }));
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
