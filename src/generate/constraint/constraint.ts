/** What a constrained answer must match, and what stands for it while the answer is written. */

export type Constraint =
  /** A JSON schema as a value. */
  | { readonly kind: "json_schema"; readonly schema: unknown }
  /** Any JSON object. */
  | { readonly kind: "json_object" }
  | { readonly kind: "regex"; readonly pattern: string }
  /** GBNF or EBNF with a rule named root; `marks` are control tokens that it may write, which are no text otherwise. */
  | { readonly kind: "grammar"; readonly grammar: string; readonly marks?: readonly string[] };

/** A constraint on its way through one answer's tokens. */
export interface ConstraintState {
  /** Sets the logits of tokens that may not come next to -Infinity; false where all may. */
  mask(logits: Float32Array, start: number, vocabulary: number): boolean;
  /** Whether `id` may come next. */
  allows(id: number): boolean;
  /** Goes on to the next token; false where it does not match. */
  accept(id: number): boolean;
  /** Whether the text so far is a whole match. */
  readonly mayEnd: boolean;
}
