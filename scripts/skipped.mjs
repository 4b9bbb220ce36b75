// A test reporter that names every skipped test and why at the end. Under RECKON_CI=1 a test may only be skipped for want
// of ../shared/data; any other skip makes the run fail, so that a missing tool cannot turn a promise off unseen.

/**
 * Whether a skip is acceptable where everything but the shared data must be present.
 * @param {string | boolean | undefined} reason what the test gave as its `skip`
 */
export function isExcused(reason) {
  return typeof reason === "string" && reason.includes("shared/data");
}

/**
 * @param {AsyncIterable<{ type: string, data: { name: string, file?: string, skip?: string | boolean } }>} source
 */
export default async function* report(source) {
  const strict = Boolean(process.env.RECKON_CI) && process.env.RECKON_CI !== "0";
  const lines = [];
  for await (const { type, data } of source) {
    if (type === "test:pass" && data.skip !== undefined && data.skip !== false) {
      const wrong = strict && !isExcused(data.skip);
      const reason = typeof data.skip === "string" && data.skip !== "" ? data.skip : "no reason given";
      lines.push(`${wrong ? "NOT ALLOWED: " : ""}skipped: ${data.name} (${reason})`);
      if (wrong) {
        process.exitCode = 1;
      }
    }
  }
  if (lines.length > 0) {
    yield `\n${lines.join("\n")}\n`;
  }
}
