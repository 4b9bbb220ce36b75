/** Sums and products of matrices worked out, entry by entry. */
import { type Expression, mapChildren, number, product, some, sum } from "../read/expression.ts";
import { spend } from "../work.ts";

type Rows = readonly (readonly Expression[])[];

/** The same tree with every sum, product and small power of matrices replaced by the matrix it is; the tree itself where none is. */
export function withMatricesWorkedOut(a: Expression): Expression {
  if (!some(a, ({ kind }) => kind === "matrix")) return a;
  const inner = mapChildren(a, withMatricesWorkedOut);
  if (inner.kind === "sum") return addMatrices(inner.terms) ?? inner;
  if (inner.kind === "product") return multiplyMatrices(inner.factors) ?? inner;
  if (inner.kind === "power" && inner.base.kind === "matrix" && inner.exponent.kind === "number") {
    const { top, bottom } = inner.exponent.value;
    if (bottom === 1n && top >= 1n && top <= 6n) {
      return multiplyMatrices(Array.from({ length: Number(top) }, () => inner.base)) ?? inner;
    }
    if (bottom === 1n && top < 0n) return inner; // an inverse stays as written
  }
  if (
    inner.kind === "power" &&
    inner.exponent.kind === "symbol" &&
    inner.exponent.name === "T" &&
    inner.base.kind === "matrix"
  ) {
    const { rows } = inner.base;
    return { kind: "matrix", rows: rows[0]!.map((_, column) => rows.map((row) => row[column]!)) };
  }
  return inner;
}

function addMatrices(terms: readonly Expression[]): Expression | null {
  if (!terms.every((term) => term.kind === "matrix")) return null;
  const [first] = terms;
  if (terms.some(({ rows }) => rows.length !== first!.rows.length || rows[0]!.length !== first!.rows[0]!.length))
    return null;
  return {
    kind: "matrix",
    rows: first!.rows.map((row, i) => row.map((_, j) => sum(terms.map(({ rows }) => rows[i]![j]!)))),
  };
}

/** Matrices from left to right, numbers into every entry. */
function multiplyMatrices(factors: readonly Expression[]): Expression | null {
  const scalars = factors.filter(({ kind }) => kind !== "matrix");
  const matrices = factors.filter((factor) => factor.kind === "matrix");
  if (matrices.length === 0) return null;
  let { rows }: { rows: Rows } = matrices[0]!;
  for (const { rows: next } of matrices.slice(1)) {
    if (rows[0]!.length !== next.length) return null;
    spend(rows.length * next.length * next[0]!.length);
    const left: Rows = rows;
    rows = left.map((row) => next[0]!.map((_, j) => sum(row.map((entry, k) => product([entry, next[k]![j]!])))));
  }
  const scaled = scalars.length === 0 ? rows : rows.map((row) => row.map((entry) => product([...scalars, entry])));
  return { kind: "matrix", rows: scaled.map((row) => row.map(simple)) };
}

// 0 * a + 1 * b is shorter as b; normal forms do the rest
const simple = (a: Expression): Expression => (a.kind === "sum" && a.terms.length === 0 ? number(0) : a);
