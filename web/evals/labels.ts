/** Where names stand beside dots so that none covers another. */

export interface Dot {
  readonly x: number;
  readonly y: number;
  readonly name: string;
}

export interface Label {
  /** Of the text's start or end, and of its baseline. */
  readonly x: number;
  readonly y: number;
  readonly anchor: "start" | "end";
}

/** Of a letter, about, in pixels of a 12-pixel font; and a line's height. */
const [LETTER, LINE] = [6.6, 14];
/** Of a baseline from its dot, the best first: a name below does not lie on the line, which comes from the left and rises. */
const BESIDE = [15, -7, -16];

/** The names' places in the dots' order; null where a name finds none free, as in a crowd. They lie between `from` and `width`, `top` and `bottom`. */
export function placeLabels(
  dots: readonly Dot[],
  width: number,
  top: number,
  bottom: number,
  from = 0,
): (Label | null)[] {
  const taken: { left: number; right: number; y: number }[] = [];
  return dots.map(({ x, y, name }) => {
    const long = LETTER * name.length;
    for (const beside of BESIDE) {
      for (const anchor of ["start", "end"] as const) {
        const at = x + (anchor === "start" ? 9 : -9);
        const [left, right] = anchor === "start" ? [at, at + long] : [at - long, at];
        const baseline = y + beside;
        const free =
          left >= from &&
          right <= width &&
          baseline >= top &&
          baseline <= bottom &&
          taken.every((one) => right < one.left || left > one.right || Math.abs(baseline - one.y) >= LINE) &&
          dots.every(
            (dot) => dot.x < left - 6 || dot.x > right + 6 || dot.y < baseline - LINE - 3 || dot.y > baseline + 10,
          );
        if (!free) continue;
        taken.push({ left, right, y: baseline });
        return { x: at, y: baseline, anchor };
      }
    }
    return null;
  });
}
