import { UserError } from "../../error.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { Constraint, ConstraintState } from "./constraint.ts";

/** A constraint made ready for one vocabulary; as many answers as wanted start from it. */
export interface CompiledConstraint {
  start(): ConstraintState;
}

/** @throws UserError where the constraint is not well-formed or nothing can match it */
export async function compileConstraint(_constraint: Constraint, _tokenizer: Tokenizer): Promise<CompiledConstraint> {
  throw new UserError("constraints are not there yet");
}
