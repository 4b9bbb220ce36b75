/**
 * Kills the whole chain with -9 at random moments, resuming it each time, and compares what it ends with, bit for bit, with a run that
 * was never disturbed: every stage's weights, optimizer, generators and examples.
 *
 *   node scripts/kills.ts [kills, default 100] [seed, default 1]
 *
 * Ends with 0 where all is equal. A chain takes some kills; chains are begun anew until there were as many as asked for.
 */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chain, contents } from "../src/cli/test-chain.ts";
import { reckon, resume } from "../src/cli/test-train.ts";
import { Random } from "../src/random.ts";

const [kills, seed] = [Number(process.argv[2] ?? 100), Number(process.argv[3] ?? 1)];
const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-kills-"));
const random = Random.from(seed, "kills");
const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** Runs the command and kills it after so many seconds. @returns whether it ended by itself before, well */
function killedAfter(args: readonly string[], seconds: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr?.on("data", (bytes) => {
      said += bytes;
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0 || signal === "SIGKILL") resolve(code === 0);
      else reject(new Error(`the run ended with ${code}: ${said.trim().split("\n").at(-1)}`));
    });
  });
}

try {
  const whole = path.join(place, "whole");
  const started = performance.now();
  const { code, err } = await reckon(chain(whole));
  if (code !== 0) throw new Error(err);
  const expected = contents(whole);
  const usual = (performance.now() - started) / 1000;
  say(`undisturbed: ${usual.toFixed(1)} s, ${Object.keys(expected).length} files to compare`);
  let [done, round] = [0, 0];
  while (done < kills) {
    const out = path.join(place, `killed-${++round}`);
    for (let ended = false; !ended; ) {
      const begun = fs.existsSync(path.join(out, "config.json"));
      // at most a third of a chain at a time, from the start of the process on; the last may go on to its end
      const seconds = done < kills ? random.next() * (1 + usual / 3) : 86_400;
      ended = await killedAfter(begun ? resume("r1", out) : chain(out), seconds);
      if (!ended) done++;
    }
    const found = contents(out);
    const wrong = Object.keys(expected).filter((name) => found[name] !== expected[name]);
    if (wrong.length > 0) throw new Error(`after ${done} kills the chain differs in ${wrong.join(", ")}`);
    say(`${done} kills: the chain ended with the same bits`);
    fs.rmSync(out, { recursive: true });
  }
} catch (error) {
  process.stderr.write(`kills: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  fs.rmSync(place, { recursive: true, force: true });
}
