// The variants by the names TRL and the papers use.

import { usageError } from "../../error.ts";
import { cispo } from "./cispo.ts";
import { dapo } from "./dapo.ts";
import { drGrpo } from "./dr-grpo.ts";
import { bnpo, grpo } from "./grpo.ts";
import { gspo } from "./gspo.ts";
import { ppo } from "./ppo.ts";
import { reinforcePlusPlus } from "./reinforce-pp.ts";
import { rloo } from "./rloo.ts";
import type { PolicyLoss } from "./types.ts";

export const POLICY_LOSSES: readonly PolicyLoss[] = [
  grpo,
  drGrpo,
  dapo,
  gspo,
  bnpo,
  cispo,
  rloo,
  reinforcePlusPlus,
  ppo,
];

/** The variant of that name. @throws UserError (usage) listing the names there are. */
export function policyLoss(name: string): PolicyLoss {
  const found = POLICY_LOSSES.find((loss) => loss.name === name);
  if (found !== undefined) return found;
  throw usageError(`There is no policy loss "${name}"; choose ${POLICY_LOSSES.map((l) => l.name).join(", ")}.`, "loss");
}
