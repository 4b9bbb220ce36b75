// Guessing ahead changes how soon a request says what it says, and nothing else of it, whatever it asks for.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { referenceDevice } from "../../kernels/reference/device.ts";
import type { Answer } from "../answer.ts";
import { ModelSession, type Question } from "../session.ts";
import { saveTinyModel } from "../tiny-models.ts";
import { Engine } from "./engine.ts";
import type { EngineEvent, SubmitOptions } from "./handle.ts";

const place = mkdtempSync(join(tmpdir(), "reckon-guessing-"));
const folder = join(place, "tiny");
before(() => saveTinyModel(folder, referenceDevice()));
after(() => rmSync(place, { recursive: true }));

async function withEngine<T>(speculate: number, slots: number, use: (engine: Engine) => Promise<T>): Promise<T> {
  const session = await ModelSession.open({ model: folder, threads: 1 });
  const engine = new Engine(session, { slots, context: 256, speculate });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

const chat = (text: string): Question => ({ messages: [{ role: "user", content: text }] });

/** Greedy with much room: the tiny model soon repeats itself, which is when there is something to guess. */
const greedy = { temperature: 0, maxTokens: 90, ignoreEos: true };
const requests: readonly { readonly name: string; readonly question?: Question; readonly options: SubmitOptions }[] = [
  { name: "greedy", options: greedy },
  { name: "sampled", options: { ...greedy, temperature: 0.4, seed: 3, topK: 5 } },
  { name: "several", options: { ...greedy, temperature: 0.2, seed: 5, n: 2 } },
  { name: "budget", options: { ...greedy, thinkBudget: 33, maxAnswerTokens: 30 } },
  { name: "minimum", options: { ...greedy, thinkMinimum: 20, thinkBudget: 41, ignoreEos: false } },
  { name: "log-probs", options: { ...greedy, logprobs: 3, entropy: true } },
  {
    name: "penalties",
    options: { ...greedy, repetitionPenalty: 1.05, frequencyPenalty: 0.01, dry: { multiplier: 0.1 } },
  },
  { name: "constraint", options: { ...greedy, constraint: { kind: "regex", pattern: "(ab|12)*c?" }, thinkBudget: 30 } },
  { name: "text", question: { raw: "1 2 3 4 ".repeat(12) }, options: { ...greedy, plain: true, promptLogprobs: 1 } },
];

async function ask(engine: Engine, { question, options }: (typeof requests)[number]) {
  const handle = await engine.submit(question ?? chat("again and again and again"), options);
  const events: EngineEvent[] = [];
  for await (const event of handle.events) events.push(event);
  const answers = await handle.result;
  return { answers, events, cached: handle.cachedTokens };
}

const essence = ({ timing: _, speculation: __, ...rest }: Answer) => rest;
const told = (events: readonly EngineEvent[], which: number) =>
  events.filter(({ index }) => index === which).map(({ reasoning, content, tokens }) => [reasoning, content, tokens]);

test("answers, events and counts are those without guesses for every kind of request, alone and together", async () => {
  const plain = await withEngine(0, 1, async (engine) => {
    const all = [];
    for (const one of requests) all.push(await ask(engine, one));
    return all;
  });
  for (const slots of [1, 16]) {
    await withEngine(20, slots, async (engine) => {
      const together = slots === 1 ? [] : await Promise.all(requests.map((one) => ask(engine, one)));
      if (slots === 1) for (const one of requests) together.push(await ask(engine, one));
      const accepted: Record<string, number> = {};
      for (const [i, { answers, events }] of together.entries()) {
        const { name } = requests[i];
        assert.deepEqual(answers.map(essence), plain[i].answers.map(essence), name);
        for (const index of answers.keys()) assert.deepEqual(told(events, index), told(plain[i].events, index), name);
        accepted[name] = answers.reduce((sum, { speculation }) => sum + (speculation?.accepted ?? 0), 0);
      }
      assert.ok(Object.values(accepted).filter((count) => count > 0).length >= 5, JSON.stringify(accepted));
    });
  }
});

test("a stop text amid guessed tokens cuts there, and the next turn finds as much of it in the cache", async () => {
  const [first, second] = [chat("go on and on"), { ...greedy, thinkBudget: 0 }];
  const whole = await withEngine(0, 1, async (engine) => (await (await engine.submit(first, second)).result)[0]);
  for (let at = 30; at < 60; at += 7) {
    const stop = [whole.answer.slice(at, at + 3)];
    const seen: unknown[] = [];
    for (const speculate of [0, 9]) {
      await withEngine(speculate, 1, async (engine) => {
        const prompt = engine.session.prompt(first).ids;
        const [answer] = await (await engine.submit(first, { ...second, stop })).result;
        assert.deepEqual([answer.finish_reason, answer.stop_sequence], ["stop", stop[0]]);
        const next = await engine.submit(
          { text: "", ids: [...prompt, ...answer.ids, 7, 8] },
          { ...greedy, maxTokens: 20 },
        );
        const [continued] = await next.result;
        seen.push([essence(answer), essence(continued), next.cachedTokens]);
      });
    }
    assert.deepEqual(seen[1], seen[0]);
  }
});

test("thinking that is ended while tokens are guessed ends with the next token", async () => {
  await withEngine(9, 1, async (engine) => {
    const handle = await engine.submit(chat("think"), { ...greedy, maxTokens: 120 });
    let thoughts = 0;
    let asked = -1;
    for await (const { reasoning } of handle.events) {
      if (reasoning !== "" && ++thoughts === 40 && handle.endThinkingNow()) asked = thoughts;
    }
    const [answer] = await handle.result;
    assert.equal(answer.thinking_ended_by, "caller");
    // The tokens of the steps that were told meanwhile, and what was still to be told when it was asked for.
    assert.ok(answer.usage.reasoning_tokens >= asked && answer.usage.reasoning_tokens <= 60);
  });
});
