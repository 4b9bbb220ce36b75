// The answers of a report: filters, and a list that is filled as it is read. Texts go onto the page as text nodes alone.

{
  const { names, items } = JSON.parse(document.getElementById("data").textContent);
  const pageSize = 25;
  const list = document.getElementById("items");
  const more = document.getElementById("more");
  const count = document.getElementById("count");
  let shown = [];
  let drawn = 0;

  const element = (tag, className, ...children) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };
  const rightOf = (run) => run.filter((one) => one.accuracy === 1).length;

  const verdicts = {
    all: () => true,
    right: ({ runs }) => runs.some((run) => run.length > 0 && rightOf(run) === run.length),
    wrong: ({ runs }) => runs.some((run) => run.length > 0 && rightOf(run) === 0),
    "now right, now wrong": ({ runs }) => runs.some((run) => rightOf(run) > 0 && rightOf(run) < run.length),
    "cut off": ({ runs }) => runs.some((run) => run.some((one) => one.finish === "length")),
    "no answer found": ({ runs }) => runs.some((run) => run.some((one) => one.answer === null)),
  };
  if (names.length === 2) {
    const half = ([a, b]) => [2 * rightOf(a) > a.length, 2 * rightOf(b) > b.length];
    verdicts[`${names[0]} right, ${names[1]} wrong`] = ({ runs }) => half(runs)[0] && !half(runs)[1];
    verdicts[`${names[1]} right, ${names[0]} wrong`] = ({ runs }) => half(runs)[1] && !half(runs)[0];
  }

  const filters = document.getElementById("filters");
  const choice = (title, options) => {
    const select = document.createElement("select");
    for (const option of options) select.append(element("option", "", option));
    select.addEventListener("change", refresh);
    filters.append(element("label", "", title, select));
    return select;
  };
  const verdict = choice("answers", Object.keys(verdicts));
  const labels = new Map();
  for (const { labels: own } of items)
    for (const [name, value] of Object.entries(own)) labels.set(name, (labels.get(name) ?? new Set()).add(value));
  const selects = new Map();
  for (const [name, values] of labels)
    if (values.size > 1 && values.size <= 60) {
      const sorted = [...values].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
      selects.set(name, choice(name, ["all", ...sorted]));
    }
  const search = document.createElement("input");
  search.type = "search";
  search.addEventListener("input", refresh);
  filters.append(element("label", "", "containing", search));

  function refresh() {
    const needle = search.value.toLowerCase();
    shown = items.filter(
      (item) =>
        verdicts[verdict.value](item) &&
        [...selects].every(([name, { value }]) => value === "all" || item.labels[name] === value) &&
        (needle === "" ||
          `${item.id}\n${item.question}\n${item.gold}`.toLowerCase().includes(needle) ||
          item.runs.some((run) => run.some(({ text }) => text.toLowerCase().includes(needle)))),
    );
    list.replaceChildren();
    drawn = 0;
    count.textContent = `${shown.length} of ${items.length} questions`;
    drawMore();
  }

  function drawMore() {
    for (const item of shown.slice(drawn, drawn + pageSize)) list.append(folded(item));
    drawn = Math.min(shown.length, drawn + pageSize);
    more.hidden = drawn === shown.length;
  }
  more.addEventListener("click", drawMore);

  /** One line, opened to the question and all answers; these are made when first asked for. */
  function folded(item) {
    const marks = item.runs.map((run) => {
      const right = rightOf(run);
      return element(
        "span",
        right * 2 > run.length ? "right" : "wrong",
        run.length === 1 ? (right ? "✓" : "✗") : `${right}/${run.length}`,
      );
    });
    const line = item.question.replace(/\s+/g, " ");
    const summary = element(
      "summary",
      "",
      ...marks.flatMap((mark) => [mark, " "]),
      `${item.id}: ${line.length > 140 ? `${line.slice(0, 140)}…` : line}`,
    );
    const details = element("details", "", summary);
    details.addEventListener("toggle", () => {
      if (!details.open || details.childElementCount > 1) return;
      details.append(element("pre", "", item.question), element("p", "", `gold answer: ${item.gold}`));
      const columns = item.runs.map((run, i) =>
        element(
          "div",
          "",
          ...(names.length > 1 ? [element("h3", "", names[i])] : []),
          ...run.flatMap((one, k) => answer(one, k, run.length)),
        ),
      );
      details.append(element("div", names.length > 1 ? "runs two" : "runs", ...columns));
    });
    return details;
  }

  function answer(one, k, of) {
    const right = one.accuracy === 1;
    const size = one.tokens === null ? "" : `, ${one.tokens} tokens`;
    const cut = one.finish === "length" ? ", cut off" : "";
    const head = element(
      "p",
      `verdict ${right ? "right" : "wrong"}`,
      `${of > 1 ? `${k + 1}. ` : ""}${right ? "right" : "wrong"}${size}${cut}: `,
      element("span", "reason", one.reason),
    );
    return [head, body(one)];
  }

  /** The response with its thinking dimmed and what was taken as the answer marked. */
  function body({ text, answer: said }) {
    const close = text.lastIndexOf("</think>");
    const end = close >= 0 ? close + 8 : text.trimStart().startsWith("<think>") ? text.length : 0;
    const pre = document.createElement("pre");
    if (end > 0) pre.append(element("span", "thinking", text.slice(0, end)));
    const rest = text.slice(end);
    // a program or a whole text that was judged as it stands needs no mark
    const at = said && said.length < 400 ? rest.lastIndexOf(said) : -1;
    if (at < 0) pre.append(rest);
    else pre.append(rest.slice(0, at), element("mark", "", said), rest.slice(at + said.length));
    return pre;
  }

  refresh();
}
