/** Instruction following as IFEval scores it: each rule of a prompt, strictly, and loosely for what models put around an answer. */
import { z } from "zod";
import { withoutThinking } from "../../math/extract/extract.ts";
import type { Verdict } from "../../task.ts";
import { type Check, RULES } from "./rules.ts";

/** One rule of a prompt: its id, and its arguments by name (those that are null do not count). */
export interface Instruction {
  readonly id: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Following {
  readonly id: string;
  readonly strict: boolean;
  readonly loose: boolean;
}

export interface FollowingVerdict extends Verdict {
  /** In the order of the instructions. */
  readonly rules: readonly Following[];
}

/**
 * A judge of the instructions of one prompt. Score 1: all are followed strictly. Loose: a rule counts where the answer keeps it as it is,
 * without its asterisks, or without its first line, its last one or both. What is judged is the answer behind the thinking without the
 * blanks around it; an empty one follows nothing.
 * @throws RangeError for a rule there is not or arguments that are not its own
 */
export function instructionVerifier(instructions: readonly Instruction[]): (response: string) => FollowingVerdict {
  const checks = instructions.map(({ id, args }) => ({ id, check: checkOf(id, args) }));
  return (response) => {
    const answer = withoutThinking(response)?.trim() ?? null;
    const variants = looser(answer ?? "");
    const rules: Following[] = [];
    const broken: string[] = [];
    for (const { id, check } of checks) {
      const first = answer === null || answer === "" ? null : check(answer);
      const strict = first?.kept === true;
      const loose = strict || variants.some((text) => text.trim() !== "" && check(text).kept);
      rules.push({ id, strict, loose });
      if (!strict) broken.push(`${id} (${first?.found ?? "no answer"}${loose ? "; loosely kept" : ""})`);
    }
    if (answer === null) return { score: 0, reason: "the thinking never ends, so there is no answer", rules };
    const reason =
      broken.length === 0
        ? `all ${rules.length} instructions are followed`
        : `${broken.length} of ${rules.length} instructions are not followed: ${broken.join(", ")}`;
    return { score: broken.length === 0 ? 1 : 0, reason, rules };
  };
}

function checkOf(id: string, args: Readonly<Record<string, unknown>>): Check {
  const rule = Object.hasOwn(RULES, id) ? RULES[id] : undefined;
  if (rule === undefined) throw new RangeError(`there is no instruction "${id}"`);
  try {
    return rule(Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null)));
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const { path, message } = error.issues[0]!;
    throw new RangeError(`the arguments of ${id} do not fit: ${path.join(".")}: ${message}`);
  }
}

/** The seven texts a loose reading takes beside the answer itself. */
function looser(answer: string): readonly string[] {
  const lines = answer.split("\n");
  const cut = [lines.slice(1), lines.slice(0, -1), lines.slice(1, -1)].map((some) => some.join("\n").trim());
  return [answer.replaceAll("*", ""), ...cut, ...cut.map((text) => text.replaceAll("*", ""))];
}
