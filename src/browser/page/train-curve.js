// The pictures of a training: figures by step, with named axes, drawn anew where the page's width changes.

const [LEFT, RIGHT, TOP, BOTTOM] = [46, 14, 26, 40];
const SVG = "http://www.w3.org/2000/svg";

/** Shares from nothing to all. */
export const SHARES = { name: "right answers", marks: [0, 0.25, 0.5, 0.75, 1], label: (share) => `${100 * share} %` };

/**
 * Draws lines of [step, value] points over the steps 0 to `steps`, from the first of `axis.marks` to the last; `told` says it in words.
 * Called again, it replaces what it drew.
 * @param {SVGSVGElement} svg
 */
export function drawCurves(svg, { steps, axis: { name, marks, label }, lines, told }) {
  const [least, most] = [marks[0], marks.at(-1)];
  const draw = () => {
    const { clientWidth: width, clientHeight: height } = svg;
    if (width === 0) return;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-label", told);
    const x = (step) => LEFT + (step / steps) * (width - LEFT - RIGHT);
    const y = (value) => height - BOTTOM - ((value - least) / (most - least)) * (height - TOP - BOTTOM);
    const rule = (d) => made("path", { class: "axis", d });
    const text = (words, at) => made("text", at, words);
    svg.replaceChildren(
      text(name, { x: 0, y: 12 }),
      ...marks.flatMap((mark) => [
        rule(`M${LEFT} ${y(mark)}H${width - RIGHT}`),
        text(label(mark), { x: LEFT - 6, y: y(mark) + 4, "text-anchor": "end" }),
      ]),
      ...ticks(steps, Math.max(2, Math.floor(width / 80))).flatMap((step) => [
        rule(`M${x(step)} ${height - BOTTOM}v5`),
        text(step, { x: x(step), y: height - BOTTOM + 18, "text-anchor": "middle" }),
      ]),
      text("steps of training", { x: (LEFT + width - RIGHT) / 2, y: height - 4, "text-anchor": "middle" }),
      ...lines.map(({ id, name, points }) =>
        made("polyline", {
          id,
          class: name,
          points: points.map(([step, value]) => `${x(step)},${y(value)}`).join(" "),
        }),
      ),
    );
  };
  draws.set(svg, draw);
  watch.observe(svg);
  draw();
}

/** What each picture shows now. */
const draws = new WeakMap();
const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) draws.get(target)?.();
});

/** 0 and whole steps after it, at most about `most`, 1, 2 or 5 times a power of ten apart. */
function ticks(steps, most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, steps / most)));
  const apart = power * [1, 2, 5, 10].find((times) => times * power >= steps / most);
  return Array.from({ length: Math.floor(steps / apart) + 1 }, (_, at) => at * apart);
}

function made(tag, attributes, words = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = words;
  return element;
}
