import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { ModelSession } from "../../generate/session.ts";
import { saveTinyModel } from "../../generate/tiny-models.ts";
import { referenceDevice } from "../../kernels/reference/device.ts";
import { askAll } from "../ask-all.ts";
import { askingOf } from "../asking.ts";
import { heldOut } from "../benchmarks/held-out.ts";
import type { Item, Reply } from "../item.ts";
import { type RunOptions, runEvaluation } from "../run.ts";
import type { Answerer, AnswerSettings, Ask } from "./answerer.ts";
import { LocalAnswerer } from "./local.ts";

const device = referenceDevice();
const place = mkdtempSync(path.join(tmpdir(), "reckon-local-answerer-"));
let session: ModelSession;
before(async () => {
  await saveTinyModel(path.join(place, "tiny"), device);
  session = await ModelSession.open({ model: path.join(place, "tiny"), device });
});
after(async () => {
  await session.close();
  rmSync(place, { recursive: true });
});

const items = heldOut.items({ families: ["digit-sums", "sorting"], items: 2, seed: 5 });
const settings: AnswerSettings = { temperature: 1, topP: 1, maxTokens: 6 };
const run = (answerer: Answerer, options: Partial<RunOptions> = {}) =>
  runEvaluation(answerer, {
    ...{ items, samples: 2, settings, seed: 5, journal: null, threads: 1, joules: () => null },
    signal: new AbortController().signal,
    ...options,
  });
const texts = ({ results }: { results: readonly { responses: readonly Reply[] }[] }) =>
  results.map(({ responses }) => responses.map(({ text }) => text));

test("answers are the same however many are under way, whatever else is asked, and as training's evaluations draw them", async () => {
  const alone = await run(new LocalAnswerer(session, 1));
  const among = await run(new LocalAnswerer(session, 7));
  const some = await run(new LocalAnswerer(session, 3), { items: items.slice(2) });
  assert.deepEqual(texts(among), texts(alone));
  assert.deepEqual(texts(some), texts(alone).slice(2));
  const asked = await askAll(session.decoder, askingOf(session), items, {
    temperature: 1,
    maxTokens: 6,
    seed: 5,
    samples: 2,
  });
  // Training reads a text with its control tokens, an answer is told without them.
  const plain = (text: string): string => text.replace(/<｜[^｜]*｜>/g, "");
  const before = asked.results.map(({ responses }) => responses.map(({ text }) => plain(`<think>${text}`)));
  assert.deepEqual(
    texts(alone).map((own) => own.map(plain)),
    before,
  );
  const reply = alone.results[0]!.responses[0]!;
  assert.equal(reply.promptTokens, askingOf(session).prompt(items[0]!.prompt).length);
  assert.ok(alone.used.seconds > 0 && alone.used.core_seconds === alone.used.seconds);
});

test("top-p and a thinking budget reach the model", async () => {
  const greedy = await run(new LocalAnswerer(session, 4), { samples: 1, settings: { ...settings, temperature: 0 } });
  const narrow = await run(new LocalAnswerer(session, 4), { samples: 1, settings: { ...settings, topP: 1e-6 } });
  assert.deepEqual(texts(narrow), texts(greedy));
  const direct = await run(new LocalAnswerer(session, 4), { samples: 1, settings: { ...settings, thinkBudget: 0 } });
  for (const { responses } of direct.results) assert.match(responses[0]!.text, /^<think><\/think>/);
});

test("a question longer than the context, or in letters the model does not have, is told before anything is asked", async () => {
  const odd = (prompt: string): Item => ({ ...items[0]!, id: "odd", prompt });
  await assert.rejects(run(new LocalAnswerer(session, 2), { items: [items[0]!, odd("long ".repeat(100))] }), {
    name: "UserError",
    message: /^The question odd has 5\d\d tokens, but the context of tiny holds 256/,
  });
  await assert.rejects(run(new LocalAnswerer(session, 2), { items: [odd("多少?")] }), {
    name: "UserError",
    message: /^The question odd cannot be asked: /,
  });
});

test("an interrupt ends it with its reason; a judge or a disk that fails ends it with that", async () => {
  const stop = new AbortController();
  let judged = 0;
  // a judge is asked while the answers after it are still to be written, so that an interrupt from there always comes in time
  const interrupting = items.map((item) => ({
    ...item,
    judge: (...answer: Parameters<typeof item.judge>) => {
      if (++judged === 2) stop.abort(new Error("enough"));
      return item.judge(...answer);
    },
  }));
  const stopped = run(new LocalAnswerer(session, 1), { signal: stop.signal, items: interrupting });
  await assert.rejects(stopped, { message: "enough" });
  assert.ok(judged < 8, `${judged} answers`);
  const judge = () => Promise.reject(new Error("no verdict"));
  await assert.rejects(run(new LocalAnswerer(session, 2), { items: [{ ...items[0]!, judge }] }), {
    message: "no verdict",
  });
});

test("an answerer gets each question once for each sample, with seeds of their own", async () => {
  const asked: Ask[] = [];
  const answerer: Answerer = {
    name: "echo",
    answerAll: async (asks, _, { onReply }) => {
      for (const ask of asks) {
        asked.push(ask);
        onReply(ask, {
          text: `<think></think>${items.find(({ id }) => id === ask.item.id)!.gold}`,
          tokens: 1,
          thinking: 0,
          finish: "stop",
        });
      }
    },
  };
  const { results } = await run(answerer, { samples: 3 });
  assert.deepEqual(
    results.map(({ responses }) => responses.map(({ accuracy }) => accuracy)),
    items.map(() => [1, 1, 1]),
  );
  assert.equal(new Set(asked.map(({ seed }) => seed)).size, 12);
});
