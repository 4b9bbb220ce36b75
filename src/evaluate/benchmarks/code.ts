/** Benchmarks of programs: HumanEval in Python, JavaScript and TypeScript, and MBPP. Answers are run with their tests in a sandbox. */

import { type CodeLanguage, type CodeTask, verifyCode } from "../../tasks/code/verify.ts";
import { withoutThinking } from "../../tasks/math/extract/extract.ts";
import type { Judge } from "../item.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { fault, has, text } from "./fields.ts";
import type { BenchmarkRecord } from "./records.ts";

/** A response has code only behind its thinking. Its vote is the program as it stands: a majority means little here. */
export const codeJudge =
  (task: CodeTask): Judge =>
  async (response) => {
    const spoken = withoutThinking(response);
    if (spoken === null || spoken.trim() === "") {
      const reason =
        spoken === null ? "the thinking never ends, so there is no code" : "no code stands behind the thinking";
      return { accuracy: 0, format: 0, reason, answer: null };
    }
    const { score, reason, code } = await verifyCode(spoken, task);
    return { accuracy: score, format: /```/.test(spoken) ? 1 : 0, reason, answer: code.trim() || null };
  };

const SPOKEN: Readonly<Record<CodeLanguage, string>> = {
  python: "Python",
  javascript: "JavaScript",
  typescript: "TypeScript",
};

const completionPrompt = (language: CodeLanguage, head: string): string =>
  `Complete this ${SPOKEN[language]} function. Answer with the whole function in one code block.\n\n\`\`\`${language}\n${head.trimEnd()}\n\`\`\``;

export const humanEval: FileBenchmark = {
  name: "humaneval",
  about: "164 Python functions, from their description, judged by tests (Chen et al. 2021, arXiv 2107.03374)",
  licence: "MIT (openai/human-eval); evaluation only",
  files: ["humaneval.jsonl", "HumanEval.jsonl"],
  fits: (record) => has(record, "task_id", "prompt", "test", "entry_point"),
  question: (record) => {
    const [head, entry] = [text(record, "prompt"), text(record, "entry_point")];
    const task: CodeTask = {
      language: "python",
      head,
      before: pythonBefore(head, entry),
      entry,
      tests: `${text(record, "test")}\ncheck(${entry})\n`,
      names: [entry],
    };
    return asked(text(record, "task_id"), head, completionPrompt("python", head), task);
  },
};

/** Everything before the function to be completed: imports, and helpers its description speaks of. */
function pythonBefore(head: string, entry: string): string {
  const at = head.search(new RegExp(`^def ${entry}\\b`, "m"));
  return at < 0 ? "" : head.slice(0, at);
}

/** HumanEval in another language, as MultiPL-E translates it (Cassano et al. 2022, arXiv 2208.08227). Types are stripped, not checked. */
const translated = (language: "javascript" | "typescript", short: string): FileBenchmark => ({
  name: `humaneval-${short}`,
  about: `HumanEval in ${SPOKEN[language]}, by MultiPL-E`,
  licence: "MIT (nuprl/MultiPL-E); evaluation only",
  files: [`humaneval-${short}.multipl-e.jsonl`, `humaneval-${short}.jsonl`],
  fits: (record) => has(record, "name", "language", "prompt", "tests") && text(record, "language") === short,
  question: (record) => {
    const head = text(record, "prompt");
    const entry = [...head.matchAll(/^function\s+(\w+)/gm)].at(-1)?.[1];
    if (entry === undefined) throw fault(record, `${record.where}: its "prompt" begins no function.`);
    const tests = text(record, "tests", "test");
    const task: CodeTask = { language, head, before: "", entry, tests, names: [entry] };
    return asked(text(record, "name", "task_id"), head, completionPrompt(language, head), task);
  },
});

export const humanEvalJs = translated("javascript", "js");
export const humanEvalTs = translated("typescript", "ts");

export const mbpp: FileBenchmark = {
  name: "mbpp",
  about: "Mostly Basic Python Problems, the 500 of its test split (Austin et al. 2021, arXiv 2108.07732)",
  licence: "CC-BY 4.0 (google-research)",
  files: ["mbpp.jsonl"],
  fits: (record) => has(record, "text", "code", "task_id", "test_list"),
  takes: (record) => !inSplits(record) || isTest(record),
  question: (record) => {
    const tests = assertions(record);
    const description = text(record, "text").trim();
    const names = [...new Set(tests.flatMap((line) => [...line.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].map((m) => m[1])))];
    const defined = names.filter((name) => new RegExp(`^(?:def|class)\\s+${name}\\b`, "m").test(text(record, "code")));
    const prompt =
      `${description}\nYour code has to pass these tests:\n\n\`\`\`python\n${tests.join("\n")}\n\`\`\`\n` +
      "Answer with the whole program in one Python code block.";
    // what the tests need may need the program: it stands behind it
    const setUp = typeof record.fields.test_setup_code === "string" ? `${record.fields.test_setup_code.trim()}\n` : "";
    const entry = defined[0] ?? "";
    const task: CodeTask = {
      language: "python",
      head: "",
      before: "",
      entry,
      tests: (setUp + tests.join("\n")).trim(),
      names: defined,
    };
    return asked(`mbpp/${text(record, "task_id")}`, description, prompt, task);
  },
};

/** Of the file with all splits the test split is task 11 to 510; a file of other numbers is taken whole. */
const number = (record: BenchmarkRecord): number => Number(record.fields.task_id);
const inSplits = (record: BenchmarkRecord): boolean => number(record) >= 1 && number(record) <= 974;
const isTest = (record: BenchmarkRecord): boolean => number(record) >= 11 && number(record) <= 510;

function assertions(record: BenchmarkRecord): string[] {
  const list = record.fields.test_list;
  if (!Array.isArray(list) || list.length === 0 || !list.every((line) => typeof line === "string")) {
    throw fault(record, `${record.where}: "test_list" is not a list of assertions.`);
  }
  return list;
}

const asked = (id: string, about: string, prompt: string, task: CodeTask) => ({
  id,
  text: about,
  prompt,
  gold: task.tests.trim(),
  judge: codeJudge(task),
});
