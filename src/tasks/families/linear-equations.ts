/** Linear equations in x with a whole solution: what is added goes to the other side, then a division. */
import { z } from "zod";
import type { Random } from "../../random.ts";
import { verifyWholeNumber } from "../answer.ts";
import { division, placeProduct, signedAddition } from "../arithmetic.ts";
import { defineTask, type Problem } from "../task.ts";

/** a x + b = c x + d */
const schema = z.object({ a: z.int(), b: z.int(), c: z.int(), d: z.int() });
type Data = z.infer<typeof schema>;

export const linearEquations = defineTask<Data>({
  name: "linear-equations",
  description: "solve ax+b=c for x (level 1: positive solutions; 2: negative ones too; 3: x on both sides)",
  levels: 3,
  schema,
  wordings: [
    (data) => `Solve ${written(data, " ")} for x.`,
    (data) => `Solve ${written(data, "")}`,
    (data) => `${written(data, " ")}, what is x?`,
    (data) => `Find x: ${written(data, " ")}`,
    (data) => `If ${written(data, " ")}, what is x?`,
    (data) => `solve for x: ${written(data, "")}`,
    (data) => `What is x if ${written(data, " ")}?`,
  ],
  make(random, level): Problem<Data> {
    const x = level === 2 ? random.pick([-1, 1]) * random.int(1, 20) : random.int(1, 20);
    const c = level === 3 ? random.int(1, 7) : 0;
    const net = random.int(2, 9 - c);
    const b = offset(random, level === 1 ? net * x : 30);
    const d = net * x + b;
    const data = { a: net + c, b, c, d };
    return { key: `${data.a} ${b} ${c} ${d}`, answer: String(x), data };
  },
  steps({ data: { a, b, c, d } }) {
    const net = a - c;
    const steps = [`${net}x=${signedAddition(d, -b)}`, `x=${division(d - b, net)}`];
    return c === 0 ? steps : [`${a}x-${c}x=${net}x`, ...steps];
  },
  check({ data: { a, b, c, d }, answer }) {
    const left = sideAt(Number(answer), a, b);
    return c === 0 ? left : [...left, ...sideAt(Number(answer), c, d)];
  },
  verify: (answer, problem) => verifyWholeNumber(answer, problem.answer, "x"),
});

/** What is added to the multiple of x, 1 to 30 either way, taking away at most `most`. */
function offset(random: Random, most: number): number {
  return random.chance(0.5) ? random.int(1, 30) : -random.int(1, Math.min(30, most));
}

/** The value of a x + b, step by step, for the second check by putting the solution in. */
function sideAt(x: number, a: number, b: number): string[] {
  return [placeProduct(Math.abs(x), a), signedAddition(a * x, b)];
}

function written({ a, b, c, d }: Data, space: string): string {
  const side = (factor: number, rest: number) => {
    if (factor === 0) return `${rest}`;
    const multiple = factor === 1 ? "x" : `${factor}x`;
    return rest === 0 ? multiple : `${multiple}${space}${rest < 0 ? "-" : "+"}${space}${Math.abs(rest)}`;
  };
  return `${side(a, b)}${space}=${space}${side(c, d)}`;
}
