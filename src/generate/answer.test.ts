import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UserError } from "../error.ts";
import { bundledTokenizer, CharacterTokenizer, characterTokenizerJson } from "../text/character-tokenizer.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { type AnswerOptions, AnswerWriter } from "./answer.ts";
import type { AnswerEvent } from "./answer-options.ts";
import { Sequence } from "./sequence.ts";

const tokenizer = bundledTokenizer();
/** A vocabulary in which the thinking tags are eight or seven tokens. */
const tagless = new CharacterTokenizer(
  JSON.parse(
    JSON.stringify(characterTokenizerJson()).replaceAll("<think>", "<｜t｜>").replaceAll("</think>", "<｜/t｜>"),
  ),
);
const vocabularies: [string, Tokenizer][] = [
  ["one token a tag", tokenizer],
  ["tags of several tokens", tagless],
];

for (const [name, of] of vocabularies) {
  test(`thinking, answer and counts, ${name}`, () => {
    const { answer } = write(of, "so 4</think>\n\nIt is 4.<end>", { startsInThink: true });
    assert.deepEqual([answer.reasoning, answer.answer, answer.finish_reason], ["so 4", "It is 4.", "stop"]);
    assert.equal(answer.usage.reasoning_tokens, 4);
    assert.equal(answer.thinking_ended_by, "model");
    assert.equal(answer.thinking_truncated, false);
    const unfilled = write(of, "<think>so</think>4<end>", { startsInThink: false }).answer;
    assert.deepEqual([unfilled.reasoning, unfilled.answer, unfilled.usage.reasoning_tokens], ["so", "4", 2]);
  });

  test(`a budget ends the thinking after exactly its tokens, with the closing text asked for, ${name}`, () => {
    const thinks = "abcdefghijklmnopqrstuvwxyz";
    for (const thinkBudget of [0, 1, 5]) {
      const { answer } = write(of, thinks, { startsInThink: true, thinkBudget, maxTokens: 40 });
      assert.equal(answer.reasoning, thinks.slice(0, thinkBudget));
      assert.equal(answer.usage.reasoning_tokens, thinkBudget);
      assert.equal(answer.answer, thinks.slice(thinkBudget));
      assert.equal(answer.thinking_ended_by, "budget");
    }
    const said = write(of, thinks, { startsInThink: true, thinkBudget: 3, thinkClose: " enough.", maxTokens: 40 });
    assert.equal(said.answer.reasoning, "abc enough.");
    assert.ok(said.answer.text.startsWith("abc enough.</think>def"));
    const whole = write(of, thinks, {
      startsInThink: true,
      thinkBudget: 3,
      thinkClose: "!</think>\n\n",
      maxTokens: 40,
    });
    assert.ok(whole.answer.text.startsWith("abc!</think>\n\ndef"));
    const short = write(of, "ab</think>c<end>", { startsInThink: true, thinkBudget: 12 });
    assert.deepEqual([short.answer.reasoning, short.answer.answer], ["ab", "c"]);
    const without = write(of, "no tags here<end>", { startsInThink: false, thinkBudget: 3 });
    assert.equal(without.answer.text, "no tags here", "where nothing is thought a budget does nothing");
  });

  test(`a minimum holds the end back and makes the model go on, ${name}`, () => {
    const { answer } = write(of, "ab</think>cd</think>efghij</think>It is 4.<end>", {
      startsInThink: true,
      thinkMinimum: 12,
      maxTokens: 80,
    });
    assert.match(answer.reasoning, of === tokenizer ? /^abWait/ : /^ab<Wait/, answer.text);
    assert.ok(answer.usage.reasoning_tokens >= 12);
    // The script goes on with the rest of a tag of several tokens, as no model would.
    assert.ok(of === tokenizer ? answer.answer === "It is 4." : answer.answer.endsWith("It is 4."));
    const eos = write(of, "ab<end>cdefgh</think>4<end>", { startsInThink: true, thinkMinimum: 5, thinkMore: " hm," });
    assert.deepEqual([eos.answer.reasoning, eos.answer.answer], ["ab hm,cdefgh", "4"]);
  });

  test(`the thinking ends when the caller says so, and only then may it say so, ${name}`, () => {
    const told: boolean[] = [];
    const { answer } = write(of, "abcdefgh<end>", { startsInThink: true }, (writer, count) => {
      if (count === 3 || count === 20) told.push(writer.endThinkingNow());
    });
    assert.equal(answer.reasoning, "abc");
    assert.equal(answer.answer, "defgh");
    assert.equal(answer.thinking_ended_by, "caller");
    assert.equal(told[0], true);
    const late = write(of, "a</think>bc<end>", { startsInThink: true }, (writer, count) => {
      if (count === (of === tokenizer ? 3 : 10)) told.push(writer.endThinkingNow());
    });
    assert.equal(late.answer.answer, "bc");
    assert.equal(told.at(-1), false);
  });

  test(`an end of text inside the thinking ends only the thinking, unless asked otherwise, ${name}`, () => {
    const close = write(of, "ab<end>It is 4.<end>", { startsInThink: true }).answer;
    assert.deepEqual([close.reasoning, close.answer, close.thinking_ended_by], ["ab", "It is 4.", "eos"]);
    const stop = write(of, "ab<end>It is 4.<end>", { startsInThink: true, eosInThink: "stop" }).answer;
    assert.deepEqual([stop.reasoning, stop.answer, stop.thinking_ended_by], ["ab", "", null]);
  });

  test(`an answer lost to its thinking is told, and the answer's own limit counts only the answer, ${name}`, () => {
    const lost = write(of, "abcdefgh", { startsInThink: true, maxTokens: 6 }).answer;
    assert.deepEqual([lost.finish_reason, lost.thinking_truncated, lost.answer], ["length", true, ""]);
    const cut = write(of, "abcdefgh</think>0123456789", {
      startsInThink: true,
      maxTokens: 60,
      maxAnswerTokens: 4,
    }).answer;
    assert.deepEqual([cut.finish_reason, cut.thinking_truncated, cut.answer], ["length", false, "0123"]);
    const plain = write(of, "0123456789", { startsInThink: false, maxAnswerTokens: 4 }).answer;
    assert.equal(plain.answer, "0123");
    const tag = write(of, "<think>ab</think>0123456789", {
      startsInThink: false,
      maxAnswerTokens: 4,
      maxTokens: 60,
    }).answer;
    assert.equal(tag.answer, "0123");
  });
}

test("stop texts end the answer, not the thinking; nothing of them is shown, and events join to the whole", () => {
  const cases = fc.record({
    thought: fc.array(fc.constantFrom("x", "y", "#"), { maxLength: 8 }).map((all) => all.join("")),
    said: fc.array(fc.constantFrom("x", "y", "#", "\n"), { maxLength: 20 }).map((all) => all.join("")),
    stop: fc.array(fc.constantFrom("##", "\nx", "xyx", "y#\n"), { maxLength: 2 }),
    includeStop: fc.boolean(),
    logprobs: fc.constantFrom(undefined, 0),
  });
  fc.assert(
    fc.property(cases, ({ thought, said, ...options }) => {
      const { answer, events } = write(tokenizer, `${thought}</think>a${said}<end>`, {
        ...options,
        startsInThink: true,
        maxTokens: 100,
      });
      const full = `a${said}`;
      const ends = options.stop.map((stop) => [full.indexOf(stop), stop] as const).filter(([at]) => at >= 0);
      ends.sort(([a, x], [b, y]) => a + x.length - (b + y.length) || y.length - x.length);
      const [at, found] = ends[0] ?? [full.length, null];
      assert.equal(answer.reasoning, thought);
      assert.equal(answer.stop_sequence, found);
      assert.equal(answer.answer, full.slice(0, at) + (options.includeStop ? (found ?? "") : ""));
      assert.equal(answer.finish_reason, "stop");
      assert.equal(answer.text, `${thought}</think>${answer.answer}`);
      assert.equal(events.map(({ content }) => content).join(""), answer.answer);
      assert.equal(events.map(({ reasoning }) => reasoning).join(""), answer.reasoning);
      if (options.logprobs !== undefined) {
        const tokens = events.flatMap((event) => event.tokens);
        assert.deepEqual(tokens, answer.logprobs);
        assert.equal(tokens.map(({ text }) => text).join(""), answer.text, "each shown character has its token");
      }
    }),
    { numRuns: 500 },
  );
});

test("options that contradict each other or lie outside their range are one sentence", () => {
  const message = (options: Partial<AnswerOptions>): string => {
    try {
      write(tokenizer, "<end>", options);
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      return error.message;
    }
    return "";
  };
  assert.match(message({ thinkBudget: 3, thinkMinimum: 5 }), /think-minimum \(5\) is more than think-budget \(3\)/);
  assert.match(message({ thinkBudget: -1 }), /think-budget must be a whole number of at least 0/);
  assert.match(message({ maxAnswerTokens: 0 }), /max-answer-tokens must be a whole number of at least 1/);
  assert.match(message({ logprobs: 21 }), /logprobs must be a whole number from 0 to 20/);
  assert.match(message({ thinkClose: "é" }), /vocabulary of printable ASCII/);
});

test("a budget lets a character finish that began before it was spent", () => {
  const bytes = (...all: number[]): Uint8Array => Uint8Array.from(all);
  const close = new TextEncoder().encode("</think>");
  const pieces = [bytes(97), bytes(0xc3), bytes(0xa9), close];
  const own: Tokenizer = {
    ...tokenizer,
    encode: () => [3],
    decode: () => "",
    tokenBytes: (id) => pieces[id],
    idOf: (token) => (token === "</think>" ? 3 : undefined),
    tokenOf: () => "",
    isSpecial: () => false,
    eosIds: [],
    vocabSize: 4,
    stripsFirstSpace: false,
  };
  const writer = new AnswerWriter({ tokenizer: own, promptTokens: 1, startsInThink: true, thinkBudget: 2 });
  const answer = follow(writer, [0, 1, 2, 0, 0], { maxTokens: 6, stopIds: [] });
  assert.equal(answer.reasoning, "aé");
  assert.equal(answer.answer, "aa");
});

/** Writes a scripted text: what a model would draw, one token after the other. `<end>` is the end of text. */
function write(
  of: Tokenizer,
  script: string,
  options: Partial<AnswerOptions> & { readonly maxTokens?: number },
  during: (writer: AnswerWriter, count: number) => void = () => {},
) {
  const { maxTokens = 60, ...rest } = options;
  const events: AnswerEvent[] = [];
  const eos = tokenizer.eosIds[0];
  const ids = script
    .split(/(<end>)/)
    .flatMap((part) => (part === "<end>" ? [eos] : of.encode(part, { parseSpecial: true })));
  const writer = new AnswerWriter({
    tokenizer: of,
    promptTokens: 3,
    startsInThink: false,
    eosIds: [eos],
    onEvent: (event) => events.push(event),
    ...rest,
  });
  return { answer: follow(writer, ids, { maxTokens, stopIds: [eos] }, during), events };
}

/** Takes tokens as the scheduler does, drawn from a script. */
function follow(
  writer: AnswerWriter,
  script: readonly number[],
  request: { readonly maxTokens: number; readonly stopIds: readonly number[] },
  during: (writer: AnswerWriter, count: number) => void = () => {},
) {
  const sequence = new Sequence({ prompt: [1], sampling: {}, ...request });
  const { force, replace, observe } = writer.hooks;
  const logits = new Float32Array(112);
  let at = 0;
  writer.start();
  while (sequence.finish === null) {
    let id = force?.(0, 0) ?? -1;
    if (id < 0) {
      if (at >= script.length) break;
      id = replace?.(script[at]) ?? script[at];
      at++;
    }
    observe?.(logits, 0, 112, id);
    sequence.push(id, 0, 0);
    if (request.stopIds.includes(id)) sequence.finish = "stop";
    else if (sequence.ids.length === request.maxTokens) sequence.finish = "length";
    const ends = writer.onToken(sequence);
    sequence.finish ??= ends;
    during(writer, sequence.ids.length);
  }
  return writer.finish(sequence, 0);
}
