/** Code judged by its tests: the program is taken out of a whole response, put together with what belongs to it, and run in a sandbox. */
import { runJavaScript } from "./javascript.ts";
import type { CodeLimits, Program } from "./outcome.ts";
import { runPython } from "./python.ts";

export type CodeLanguage = "python" | "javascript" | "typescript";

export interface CodeTask {
  readonly language: CodeLanguage;
  /** The beginning of a program, of which the answer may be the rest; "": there is none. */
  readonly head: string;
  /** What the answer's program needs before it where it begins anew: imports and helpers of the head. */
  readonly before: string;
  /** The function (or class) that has to be there. "": whatever the tests need. */
  readonly entry: string;
  readonly tests: string;
  /** Functions the tests call. */
  readonly names: readonly string[];
}

export interface CodeVerdict {
  /** 1 where all tests pass, else 0. */
  readonly score: number;
  readonly reason: string;
  /** The program that was judged; "" where there is none. */
  readonly code: string;
}

/** Judges the text behind the thinking. @throws UserError where a sandbox cannot be started */
export async function verifyCode(spoken: string, task: CodeTask, limits?: CodeLimits): Promise<CodeVerdict> {
  const code = codeIn(spoken, task);
  if (code.trim() === "") return { score: 0, reason: "there is no code in the answer", code: "" };
  const whole = task.entry === "" || defines(code, task.entry) || task.head === "";
  const program: Program = {
    before: whole ? task.before : "",
    code: whole ? code : task.head + code,
    tests: task.tests,
    names: task.names,
  };
  const { passed, reason } =
    task.language === "python"
      ? await runPython(program, limits)
      : await runJavaScript(program, { typescript: task.language === "typescript", limits });
  return { score: passed ? 1 : 0, reason, code };
}

/**
 * The code of a response: of its fenced blocks the last one that defines what is asked for, else the last one in the language, else the
 * last. Without a fence the whole text. A fence that never closes ends with the text.
 */
export function codeIn(text: string, { language, entry }: Pick<CodeTask, "language" | "entry">): string {
  const blocks = [
    ...text.matchAll(/^[ \t]*(```+|~~~+)[ \t]*([\w+#.-]*)[^\n]*\n([\s\S]*?)(?:^[ \t]*\1[ \t]*$|(?![\s\S]))/gm),
  ].map((match) => ({
    label: match[2].toLowerCase(),
    code: match[3],
  }));
  if (blocks.length === 0) return text;
  const last = (some: typeof blocks): string | undefined => some.at(-1)?.code;
  const right = blocks.filter(({ label }) => LABELS[language].includes(label));
  return last(blocks.filter(({ code }) => entry !== "" && defines(code, entry))) ?? last(right) ?? last(blocks) ?? text;
}

const LABELS: Readonly<Record<CodeLanguage, readonly string[]>> = {
  python: ["python", "py", "python3"],
  javascript: ["javascript", "js", "node"],
  typescript: ["typescript", "ts"],
};

/** Whether a text defines a name at its top level. */
function defines(code: string, name: string): boolean {
  const escaped = name.replace(/\W/g, "\\$&");
  return new RegExp(
    `^(?:export\\s+)?(?:(?:async\\s+)?(?:def|function\\*?|class)\\s+${escaped}\\b|(?:const|let|var)\\s+${escaped}\\b|${escaped}\\s*=[^=])`,
    "m",
  ).test(code);
}
