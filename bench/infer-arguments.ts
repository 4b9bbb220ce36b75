/** MODEL and flags of the benchmarks of inference, where they are run by themselves. */
import { parseArgs } from "node:util";

export function inferArguments() {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { threads: text, prefill: text, decode: text, runs: text, peer: text },
  });
  const number = (given: string | undefined) => (given === undefined ? undefined : Number(given));
  return {
    model: positionals[0]!,
    threads: values.threads?.split(",").map(Number),
    prefill: number(values.prefill),
    decode: number(values.decode),
    runs: number(values.runs),
    peer: values.peer,
  };
}
