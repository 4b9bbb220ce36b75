/** The thread that runs one JavaScript or TypeScript program in QuickJS: a WebAssembly instance, which knows nothing of Node. */
import { stripTypeScriptTypes } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import variant from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";
import { ASSERT_MODULE } from "./assert-module.ts";
import {
  type CodeLimits,
  type CodeOutcome,
  PASSED,
  type Program,
  shortError,
  tooLong,
  tooMuchMemory,
  tooMuchOutput,
} from "./outcome.ts";

export interface JavaScriptJob {
  readonly program: Program;
  readonly typescript: boolean;
  readonly limits: Required<CodeLimits>;
}

const STACK = 1 << 20;
// its types take a default export for the module
const quickJs = variant as unknown as QuickJSSyncVariant;

async function run({ program, typescript, limits }: JavaScriptJob): Promise<CodeOutcome> {
  let scripts: string[];
  try {
    scripts = [program.before, program.code, program.tests].map((text) => (typescript ? withoutTypes(text) : text));
  } catch (error) {
    return { passed: false, reason: shortError(`not TypeScript: ${(error as Error).message}`), output: "" };
  }
  const engine = await newQuickJSWASMModuleFromVariant(quickJs);
  const runtime = engine.newRuntime({ memoryLimitBytes: limits.memory, maxStackSizeBytes: STACK });
  const deadline = performance.now() + limits.ms;
  let output = "";
  let flooded = false;
  let late = false;
  runtime.setInterruptHandler(() => {
    late ||= performance.now() > deadline;
    return late || flooded;
  });
  const context = runtime.newContext();
  const print = (...values: QuickJSHandle[]): void => {
    if (flooded) return;
    output += `${values.map((value) => show(context, value)).join(" ")}\n`;
    if (output.length > limits.output) {
      output = output.slice(0, limits.output);
      flooded = true;
    }
  };
  defineConsole(context, print);
  const failure = (): string | null => {
    for (const script of [ASSERT_MODULE, ...scripts]) {
      const result = context.evalCode(script, "program.js", { type: "global" });
      if (result.error !== undefined) return describe(context, result.error, limits);
      result.value.dispose();
    }
    const jobs = runtime.executePendingJobs();
    return jobs.error === undefined ? null : describe(context, jobs.error, limits);
  };
  let reason: string | null;
  try {
    reason = failure();
  } catch (error) {
    reason = `the sandbox ended it (${shortError(String((error as Error).message ?? error))})`;
  }
  // an instance of its own: nothing of it is freed piece by piece, it goes as a whole
  if (flooded) reason = tooMuchOutput(limits.output);
  else if (late) reason = tooLong(limits.ms);
  return { passed: reason === null, reason: reason ?? PASSED, output };
}

/** Types are taken out, not checked. @throws Error where the text is not TypeScript */
function withoutTypes(text: string): string {
  return stripTypeScriptTypes(text, { mode: "transform" });
}

function defineConsole(context: QuickJSContext, print: (...values: QuickJSHandle[]) => void): void {
  const console = context.newObject();
  for (const name of ["log", "error", "warn", "info", "debug"]) {
    const write = context.newFunction(name, print);
    context.setProp(console, name, write);
    write.dispose();
  }
  context.setProp(context.global, "console", console);
  console.dispose();
}

/** What console.log prints of a value. */
function show(context: QuickJSContext, value: QuickJSHandle): string {
  const kind = context.typeof(value);
  if (kind !== "object") return context.getString(value);
  try {
    return JSON.stringify(context.dump(value)) ?? "null";
  } catch {
    return "[object]";
  }
}

function describe(context: QuickJSContext, error: QuickJSHandle, limits: Required<CodeLimits>): string {
  const dumped: unknown = context.dump(error);
  error.dispose();
  if (typeof dumped !== "object" || dumped === null) return shortError(`threw ${JSON.stringify(dumped)}`);
  const { name, message, stack } = dumped as { name?: unknown; message?: unknown; stack?: unknown };
  if (name === "InternalError" && message === "out of memory") return tooMuchMemory(limits.memory);
  const line = /program\.js:(\d+)/.exec(String(stack ?? ""))?.[1];
  const at = name === "SyntaxError" && line !== undefined ? ` (line ${line})` : "";
  return shortError(`${name ?? "Error"}: ${message ?? ""}${at}`);
}

if (parentPort !== null) {
  const outcome = await run(workerData as JavaScriptJob).catch((error: unknown) => {
    return { passed: false, reason: `the sandbox ended it (${shortError(String(error))})`, output: "" };
  });
  parentPort.postMessage(outcome);
}
