// The tree a template is read into.

export type Expression =
  | { readonly kind: "constant"; readonly value: string | number | boolean | null; readonly isFloat?: boolean }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list" | "tuple"; readonly items: readonly Expression[] }
  | { readonly kind: "dict"; readonly items: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "attribute"; readonly of: Expression; readonly name: string }
  | { readonly kind: "item"; readonly of: Expression; readonly at: Expression }
  | { readonly kind: "slice"; readonly parts: readonly (Expression | null)[] }
  | { readonly kind: "call"; readonly of: Expression; readonly args: Arguments }
  /** `of` is null in a filter block: what stands in the block. */
  | { readonly kind: "filter"; readonly of: Expression | null; readonly name: string; readonly args: Arguments }
  | { readonly kind: "test"; readonly of: Expression; readonly name: string; readonly args: Arguments }
  | { readonly kind: "unary"; readonly operator: "not" | "-" | "+"; readonly of: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "concat"; readonly items: readonly Expression[] }
  | {
      readonly kind: "compare";
      readonly first: Expression;
      readonly rest: readonly { readonly operator: string; readonly value: Expression }[];
    }
  | {
      readonly kind: "if";
      readonly test: Expression;
      readonly value: Expression;
      readonly otherwise: Expression | null;
    };

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [string, Expression])[];
  /** `*list` and `**dict`. */
  readonly spread: Expression | null;
  readonly spreadNamed: Expression | null;
}

/** What can be assigned to. */
export type Target =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "namespace"; readonly name: string; readonly attribute: string }
  | { readonly kind: "tuple"; readonly items: readonly Target[] };

export interface Parameters {
  readonly names: readonly string[];
  /** By name, evaluated at each call. */
  readonly defaults: ReadonlyMap<string, Expression>;
}

export type Statement =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly value: Expression }
  | { readonly kind: "if"; readonly test: Expression; readonly body: Body; readonly otherwise: Body }
  | {
      readonly kind: "for";
      readonly target: Target;
      readonly over: Expression;
      readonly test: Expression | null;
      readonly recursive: boolean;
      readonly body: Body;
      readonly otherwise: Body;
    }
  | { readonly kind: "set"; readonly target: Target; readonly value: Expression }
  | { readonly kind: "setBlock"; readonly target: Target; readonly filter: Expression | null; readonly body: Body }
  | { readonly kind: "macro"; readonly name: string; readonly parameters: Parameters; readonly body: Body }
  | { readonly kind: "call"; readonly call: Expression; readonly parameters: Parameters; readonly body: Body }
  | { readonly kind: "filterBlock"; readonly filter: Expression; readonly body: Body }
  | { readonly kind: "with"; readonly values: readonly (readonly [Target, Expression])[]; readonly body: Body }
  | { readonly kind: "scope"; readonly body: Body }
  | { readonly kind: "break" | "continue" };

export type Body = readonly Statement[];
