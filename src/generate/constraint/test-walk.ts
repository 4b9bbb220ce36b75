// For tests: random texts that a constraint lets through.
import type { Random } from "../../random.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { CompiledConstraint } from "./compile.ts";

/** Picks among the allowed tokens until the text may end and does; null where `most` tokens did not reach an end. */
export function randomMatch(
  constraint: CompiledConstraint,
  tokenizer: Tokenizer,
  random: Random,
  most = 300,
): string | null {
  const state = constraint.start();
  const ids: number[] = [];
  for (let i = 0; i < most; i++) {
    if (state.mayEnd && random.chance(0.5)) return tokenizer.decode(ids);
    const allowed: number[] = [];
    for (let id = 0; id < tokenizer.vocabSize; id++) {
      if (state.allows(id) && !tokenizer.eosIds.includes(id)) allowed.push(id);
    }
    if (allowed.length === 0) {
      if (!state.mayEnd) throw new Error(`a blind alley after ${JSON.stringify(tokenizer.decode(ids))}`);
      return tokenizer.decode(ids);
    }
    const id = random.pick(allowed);
    if (!state.accept(id)) throw new Error(`token ${id} is allowed but not taken`);
    ids.push(id);
  }
  return null;
}

/** Whether a text is a whole match, token by token. */
export function matches(constraint: CompiledConstraint, tokenizer: Tokenizer, text: string): boolean {
  const state = constraint.start();
  return tokenizer.encode(text).every((id) => state.accept(id)) && state.mayEnd;
}
