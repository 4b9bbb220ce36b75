import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { UserError } from "../error.ts";
import { saveTinyModel } from "../generate/tiny-models.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import { addSamplingOptions, completeOptions, type SamplingOptions } from "./sampling-options.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "reckon-sampling-"));
before(() => saveTinyModel(join(place, "tiny"), referenceDevice()));
after(() => rmSync(place, { recursive: true }));

async function parse(...args: string[]) {
  const command = addSamplingOptions(new Command().exitOverride().configureOutput({ writeErr: () => {} }));
  return completeOptions(command.parse(args, { from: "user" }).opts<SamplingOptions>());
}

test("every flag reaches the completion", async () => {
  const file = join(place, "schema.json");
  writeFileSync(file, '{"type":"integer"}');
  const given =
    "--max-tokens 9 --max-answer-tokens 8 --temperature 0.5 --top-k 7 --top-p 0.9 --min-p 0.1 --typical 0.8 --repetition-penalty 1.2 " +
    "--penalty-last-n -1 --presence-penalty -1.5 --frequency-penalty 0.25 --dry-multiplier 0.8 --dry-base 2 --dry-allowed-length 3 " +
    "--dry-penalty-last-n 64 --dry-sequence-breaker ; --logit-bias 5=-2.5,6=-inf --logit-bias 7:+3 --think-budget 20 " +
    `--think-minimum 4 --think-close so --stop a --stop b --include-stop --ignore-eos --json-schema ${file} --constraint-from start --speculative 6`;
  const { seed: _, ...options } = await parse(...given.split(" "));
  assert.deepEqual(options, {
    maxTokens: 9,
    maxAnswerTokens: 8,
    temperature: 0.5,
    topK: 7,
    topP: 0.9,
    minP: 0.1,
    typical: 0.8,
    repetitionPenalty: 1.2,
    penaltyLastN: -1,
    presencePenalty: -1.5,
    frequencyPenalty: 0.25,
    dry: { multiplier: 0.8, base: 2, allowedLength: 3, penaltyLastN: 64, sequenceBreakers: [";"] },
    logitBias: new Map([
      [5, -2.5],
      [6, Number.NEGATIVE_INFINITY],
      [7, 3],
    ]),
    thinkBudget: 20,
    thinkMinimum: 4,
    thinkClose: "so",
    stop: ["a", "b"],
    includeStop: true,
    ignoreEos: true,
    constraint: { kind: "json_schema", schema: { type: "integer" } },
    constraintFrom: "start",
    speculative: 6,
  });
});

test("a value out of range or of the wrong form is a usage error of one sentence that names its flag", async () => {
  const broken = join(place, "broken.json");
  writeFileSync(broken, "{");
  const unheld = join(place, "unheld.json");
  writeFileSync(unheld, '{"type":"array","uniqueItems":true}');
  const cases: [string[], RegExp][] = [
    [["--typical", "1.5"], /--typical must be a number between 0 and 1/],
    [["--presence-penalty", "3"], /--presence-penalty must be a number between -2 and 2/],
    [["--frequency-penalty", "x"], /--frequency-penalty must be/],
    [["--repetition-penalty", "0"], /--repetition-penalty must be a number between 0.01 and 100/],
    [["--penalty-last-n", "-2"], /--penalty-last-n must be a whole number of at least -1/],
    [["--dry-multiplier", "-1"], /--dry-multiplier must be/],
    [["--dry-base", "2"], /--dry-base needs --dry-multiplier/],
    [["--logit-bias", "5=101"], /--logit-bias is written id=bias/],
    [["--logit-bias", "cat=1"], /--logit-bias is written id=bias/],
    [["--think-budget", "-1"], /--think-budget must be a whole number/],
    [["--think-budget", "3", "--think-minimum", "4"], /--think-minimum 4 is more than --think-budget 3/],
    [["--max-answer-tokens", "0"], /--max-answer-tokens must be/],
    [["--stop", ""], /--stop needs a text/],
    [["--json-schema", join(place, "nowhere.json")], /there is no such file/],
    [["--json-schema", broken], /is not valid JSON/],
    [["--json-schema", unheld], /uniqueItems cannot be held to/],
    [["--grammar", broken], /The grammar cannot be read: line 1/],
    [["--regex", "(a"], /cannot constrain an answer/],
    [["--regex", "a", "--json-object"], /--json-object and --regex exclude each other/],
    [["--speculative", "65"], /--speculative must be from 0 to 64/],
    [["--constraint-from", "middle"], /--constraint-from must be start or answer/],
  ];
  for (const [args, message] of cases) {
    await assert.rejects(
      () => parse(...args),
      (error: unknown) => {
        assert.ok(error instanceof UserError, `${args}: ${error}`);
        assert.equal(error.exitCode, 2, args.join(" "));
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

test("ask holds to a form and tells log-probs, in its JSON", () => {
  const ask = (...args: string[]): Record<string, unknown> => {
    const command = ["ask", "--model", join(place, "tiny"), "--threads", "1", "--json", ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...command], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };
  const answer = ask(
    "--regex",
    "[0-9]{3}",
    "--think-budget",
    "2",
    "--logprobs",
    "2",
    "--entropy",
    "--max-tokens",
    "20",
    "hi",
  );
  assert.match(String(answer.answer), /^[0-9]{3}$/);
  assert.equal(answer.thinking_ended_by, "budget");
  const tokens = answer.logprobs as {
    token: string;
    logprob: number;
    entropy: number;
    thinking: boolean;
    top_logprobs: unknown[];
  }[];
  assert.equal(tokens.map(({ token }) => token).join(""), answer.text);
  for (const { logprob, entropy, top_logprobs } of tokens)
    assert.ok(logprob < 0 && entropy > 0 && top_logprobs.length === 2);
  assert.equal(tokens.filter(({ thinking }) => thinking).length, 3);
  const stopped = ask("--raw", "--stop", "e", "--max-tokens", "200", "--seed", "3", "hi");
  assert.ok(stopped.stop_sequence === "e" ? stopped.finish_reason === "stop" : stopped.finish_reason !== null);
});
