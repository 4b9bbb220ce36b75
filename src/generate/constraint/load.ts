import type { Tokenizer } from "../../text/tokenizer.ts";
import type { CompiledConstraint } from "./compile.ts";
import type { Constraint } from "./constraint.ts";

/** A constraint made ready, where there is one; the grammars' code is loaded only then, since few questions have one. @throws UserError */
export async function readyConstraint(
  constraint: Constraint | undefined,
  tokenizer: Tokenizer,
): Promise<CompiledConstraint | undefined> {
  if (constraint === undefined) return undefined;
  const { compileConstraint } = await import("./compile.ts");
  return compileConstraint(constraint, tokenizer);
}
