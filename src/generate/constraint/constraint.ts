/** What a constrained answer must match. */

export type Constraint =
  /** A JSON schema as a value. */
  | { readonly kind: "json_schema"; readonly schema: unknown }
  /** Any JSON object. */
  | { readonly kind: "json_object" }
  | { readonly kind: "regex"; readonly pattern: string }
  /** GBNF or EBNF with a rule named root. */
  | { readonly kind: "grammar"; readonly grammar: string };
