/** Steering and log-probs on real models: the bundled one, and stories260K against what llama-server gave for it. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { readTestJson, testData } from "../checkpoint/test-data.ts";
import { Random } from "../random.ts";
import type { CompleteOptions } from "./answer-options.ts";
import { BUNDLED_MODEL, ModelSession } from "./session.ts";

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

const schemas: JsonSchema[] = [
  {
    type: "object",
    properties: { answer: { type: "integer" }, sure: { type: "boolean" } },
    required: ["answer", "sure"],
  },
  { type: "array", items: { enum: ["red", "green", 'q"', "\n"] }, minItems: 1, maxItems: 3 },
  {
    type: "object",
    properties: { name: { type: "string", maxLength: 12 }, at: { type: "number", minimum: -1, maximum: 2.5 } },
    required: ["name", "at"],
  },
  {
    anyOf: [
      { type: "null" },
      {
        type: "object",
        properties: {
          kind: { const: "x" },
          list: { type: "array", items: { type: "integer", minimum: 3, maximum: 40 }, maxItems: 4 },
        },
        required: ["kind", "list"],
      },
    ],
  },
];

function checkJson(schema: JsonSchema, text: string): void {
  const result = z.fromJSONSchema(schema).safeParse(JSON.parse(text));
  assert.ok(result.success, `${text}: ${result.error?.message}`);
}

describe("stories260K", { skip: testData("weights/stories260K.gguf").skip }, () => {
  let session: ModelSession;
  before(async () => {
    session = await ModelSession.open({ model: testData("weights/stories260K.gguf").file, threads: 1 });
  });
  after(() => session.close());
  const goldens = testData("oracles/llama_server_goldens.json.gz");

  test("greedy tokens, log-probs and alternatives are llama-server's", { skip: goldens.skip }, async () => {
    type Golden = { prompt: string; tokens: number[]; logprobs: { logprob: number; top: [number, number][] }[] };
    for (const { prompt, tokens, logprobs } of readTestJson<{ greedy: Golden[] }>(
      "oracles/llama_server_goldens.json.gz",
    ).greedy) {
      const { logprobs: own, ids } = await session.complete(
        { raw: prompt },
        { temperature: 0, maxTokens: tokens.length, logprobs: 3, entropy: true },
      );
      // Its cache holds 16-bit floats, so that of two tokens all but equally likely it may take the other.
      const parted = ids.findIndex((id, i) => id !== tokens[i]);
      const same = parted < 0 ? ids.length : parted;
      assert.ok(same === ids.length || logprobs[same].top[0][1] - logprobs[same].top[1][1] < 5e-3);
      for (const [i, info] of own!.slice(0, same).entries()) {
        assert.equal(info.id, tokens[i]);
        assert.ok(Math.abs(info.logprob - logprobs[i].logprob) < 2e-2, `${info.logprob} for ${logprobs[i].logprob}`);
        assert.equal(info.top[0].id, logprobs[i].top[0][0]);
        for (const [k, { logprob }] of info.top.entries()) assert.ok(Math.abs(logprob - logprobs[i].top[k][1]) < 2e-2);
        assert.ok(info.entropy! > 0 && info.entropy! < Math.log(512));
      }
    }
  });

  test("log-probs are of temperature 1, whatever the tokens are drawn with", async () => {
    const options: CompleteOptions = {
      maxTokens: 20,
      logprobs: 2,
      temperature: 0.5,
      topK: 4,
      repetitionPenalty: 1.3,
      seed: 4,
    };
    const { logprobs, ids } = await session.complete({ raw: "One day" }, options);
    const banned = new Map([[ids[0], Number.NEGATIVE_INFINITY]]);
    const other = await session.complete({ raw: "One day" }, { ...options, temperature: 2, logitBias: banned });
    assert.notEqual(other.ids[0], ids[0], "a banned token is not drawn");
    assert.deepEqual(other.logprobs![0].top, logprobs![0].top, "and still has its probability");
    const likely = logprobs![0].top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
    assert.ok(likely <= 1);
  });

  test("whatever it would rather say, it writes what a schema, an expression or a grammar asks for", async () => {
    for (const [seed, schema] of schemas.entries()) {
      const text = await session.complete(
        { raw: "Once upon" },
        { maxTokens: 300, temperature: 1, seed, constraint: { kind: "json_schema", schema } },
      );
      assert.equal(text.finish_reason, "stop");
      checkJson(schema, text.text);
    }
    const raw = async (constraint: CompleteOptions["constraint"]) =>
      (await session.complete({ raw: "Tom" }, { maxTokens: 60, temperature: 1, seed: 1, constraint })).text;
    assert.match(await raw({ kind: "regex", pattern: "( (Lily|Tim) ran){2,3}\\." }), /^( (Lily|Tim) ran){2,3}\.$/);
    assert.match(
      await raw({ kind: "grammar", grammar: 'root ::= " is " ("big" | "red") end\nend ::= [.!]{2}' }),
      /^ is (big|red)[.!]{2}$/,
    );
  });

  test("a stop text of a real vocabulary ends the text before it, across tokens", async () => {
    const free = await session.complete({ raw: "Once upon a time" }, { temperature: 0, maxTokens: 40 });
    const at = free.text.indexOf("named Li");
    const stopped = await session.complete(
      { raw: "Once upon a time" },
      { temperature: 0, maxTokens: 40, stop: ["named Li", "zzz"] },
    );
    assert.equal(stopped.text, free.text.slice(0, at));
    assert.deepEqual([stopped.finish_reason, stopped.stop_sequence], ["stop", "named Li"]);
    assert.ok(stopped.usage.completion_tokens < free.usage.completion_tokens);
    assert.deepEqual(free.ids.slice(0, stopped.ids.length), stopped.ids);
  });
});

describe("the bundled model", {
  skip: existsSync(BUNDLED_MODEL) ? false : "SKIPPED: models/reckon-nano is not there",
}, () => {
  let session: ModelSession;
  before(async () => {
    session = await ModelSession.open({ threads: 1 });
  });
  after(() => session.close());
  const question = { messages: [{ role: "user", content: "What is 12 + 30?" }] };

  test("thinks freely and answers as the schema says", async () => {
    for (const [seed, schema] of schemas.entries()) {
      const answer = await session.complete(question, {
        maxTokens: 450,
        temperature: 1,
        seed,
        constraint: { kind: "json_schema", schema },
      });
      assert.equal(answer.finish_reason, "stop");
      checkJson(schema, answer.answer);
      assert.ok(answer.reasoning.length > 0, "it thought");
      assert.ok(answer.text.startsWith(`${answer.reasoning}</think>`));
    }
    const direct = await session.complete(question, {
      maxTokens: 60,
      thinkBudget: 0,
      constraint: { kind: "regex", pattern: "[0-9]{2}" },
    });
    assert.match(direct.text, /^<\/think>[0-9]{2}$|^[0-9]{2}$/);
    assert.equal(direct.reasoning, "");
    const all = await session.complete(question, {
      maxTokens: 60,
      constraintFrom: "start",
      constraint: { kind: "grammar", grammar: 'root ::= "so </think>" [0-9]+ "!"' },
    });
    assert.match(all.text, /^so <\/think>[0-9]+!?/);
  });

  test("thinks as long as it is told to", async () => {
    const free = await session.complete(question, { temperature: 0, maxTokens: 400 });
    const length = free.usage.reasoning_tokens;
    const less = await session.complete(question, {
      temperature: 0,
      maxTokens: 400,
      thinkBudget: 5,
      thinkClose: " Time is up.",
    });
    assert.equal(less.reasoning, `${free.text.slice(0, 5)} Time is up.`);
    const more = await session.complete(question, { temperature: 0, maxTokens: 400, thinkMinimum: length + 10 });
    assert.ok(more.usage.reasoning_tokens >= length + 10 || more.thinking_truncated);
    assert.match(more.reasoning, /Wait/);
    assert.equal(free.thinking_ended_by, "model");
  });

  test("guesses change nothing but the number of steps, steered or not", async () => {
    for (const options of [
      { temperature: 0 },
      { temperature: 1, seed: 3, thinkBudget: 20, stop: ["4"] },
      { temperature: 1, seed: 5, constraint: { kind: "json_object" }, presencePenalty: 0.5 },
    ] as CompleteOptions[]) {
      const plain = await session.complete(question, { ...options, maxTokens: 150 });
      const { speculation, ...guessed } = await session.complete(question, {
        ...options,
        maxTokens: 150,
        speculative: 6,
      });
      assert.deepEqual(guessed.ids, plain.ids);
      assert.deepEqual(
        [guessed.text, guessed.finish_reason, guessed.usage],
        [plain.text, plain.finish_reason, plain.usage],
      );
      assert.deepEqual(guessed.logps, plain.logps);
      assert.equal(speculation!.steps + speculation!.accepted, plain.ids.length);
      // The model's own prediction module guesses: of steered and drawn tokens some, of greedy ones most.
      assert.ok(speculation!.accepted > 0);
    }
    const one = await session.complete(question, { temperature: 0, maxTokens: 150, speculative: 1 });
    assert.ok(one.speculation!.accepted > 0.5 * one.speculation!.drafted, JSON.stringify(one.speculation));
  });

  test("steered answers beside others are what they are alone", async () => {
    const random = Random.from(2);
    const options: CompleteOptions = {
      maxTokens: 80,
      temperature: 1,
      n: 3,
      seed: random.int(0, 999),
      thinkBudget: 12,
      presencePenalty: 1,
      constraint: { kind: "json_object" },
    };
    const together = await session.completeAll(question, options);
    for (const [i, one] of together.entries()) {
      const alone = await session.complete(question, { ...options, seed: options.seed! + i });
      assert.deepEqual(one.ids, alone.ids);
    }
  });
});
