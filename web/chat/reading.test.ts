// What the chat reads out of answers, without a browser: clusters, partings, tokens, branches, pieces of growing texts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Token } from "../api/stream.ts";
import { growPieces } from "../markdown/growing.ts";
import { parseInline } from "../markdown/inline.ts";
import { splitBlocks } from "../markdown/split.ts";
import { parseTrace, splitTrace } from "../markdown/trace.ts";
import { branchAt } from "./branching.ts";
import { clustered, parting } from "./clusters.ts";
import { dollars } from "./counts.ts";
import { pack, unpack } from "./packed.ts";
import { entropy, margins, moments, strips } from "./tokens.ts";

const token = (text: string, logprob = -0.1): Token => ({ token: text, logprob, top: [{ token: text, logprob }] });

test("answers that say the same are one cluster; the majority wins only when it is one", async () => {
  const judge = {
    said: async (text: string) => text.replace("= ", ""),
    same: async (said: string, text: string) => Number(said) === Number(text.replace("= ", "")),
  };
  const votes = await clustered(["0.5", "", "= .5", "2", ""], judge);
  assert.deepEqual(
    votes.map(({ said, votes: count, wins }) => [said, count, wins]),
    [
      ["0.5", 2, true],
      ["", 2, false],
      ["0.5", 2, true],
      ["2", 1, false],
      ["", 2, false],
    ],
  );
  assert.ok((await clustered(["1", "2"], judge)).every(({ wins }) => !wins));
});

test("two traces part where the number begins that differs", () => {
  assert.deepEqual(parting("a=12+142=154", "a=12+143=155"), { at: 5, one: "142=154", other: "143=155" });
  assert.deepEqual(parting("a=1", "a=1\nwait"), { at: 3, one: "", other: "↵ wait" });
  assert.equal(parting("a", "a"), null);
});

test("entropy is the server's where it tells it, else at least that of the alternatives", () => {
  assert.deepEqual(entropy({ ...token("a"), entropy: 0.7 }), { nats: 0.7, exact: true });
  const half = Math.log(0.5);
  const even = {
    ...token("a"),
    top: [
      { token: "a", logprob: half },
      { token: "b", logprob: half },
    ],
  };
  assert.ok(Math.abs(entropy(even).nats - Math.LN2) < 1e-12);
});

test("moments are found across tokens and stand in the margin once a line", () => {
  const tokens = ["4", "1", "\n", "W", "ait", ", chec", "k", "\n", "but"].map((text) => token(text));
  const found = moments(tokens);
  assert.deepEqual(found, [
    { at: 3, word: "Wait" },
    { at: 5, word: "check" },
    { at: 8, word: "but" },
  ]);
  assert.deepEqual(
    [...margins(tokens, found)],
    [
      [3, "wait check"],
      [8, "but"],
    ],
  );
});

test("a map's strip is as unsure as its most unsure token", () => {
  const tokens = [token("a", -0.001), token("b", -3), token("c", -0.001), token("d", -0.001)];
  assert.deepEqual(strips(tokens, "probability", 2), [4, 0]);
});

test("tokens are kept packed and come back as they were", () => {
  const tokens = [token("a"), { ...token("", -2), entropy: 0.3 }, { token: "c", logprob: -1, top: [] }];
  assert.deepEqual(unpack(JSON.parse(JSON.stringify(pack(tokens)))), tokens);
  assert.deepEqual(unpack(pack([])), []);
});

test("another way keeps what stood before the token, in thinking and in the answer", () => {
  const message = {
    ...{ id: "m", parent: null, role: "assistant" as const, state: "done" as const },
    ...{ thinking: "1+1=2", content: "2." },
    thinkingTokens: pack(["1", "+", "1", "=", "2", "</think>"].map((text) => token(text))),
    answerTokens: pack([token("2"), token(".")]),
  };
  const inThinking = branchAt(message, 4, { token: "3", logprob: -2 });
  assert.deepEqual([inThinking.begun.thinking, inThinking.begun.content, inThinking.closed], ["1+1=3", "", false]);
  const ending = branchAt(message, 2, { token: "</think>", logprob: -2 });
  assert.deepEqual([ending.begun.thinking, ending.closed], ["1+", true]);
  const inAnswer = branchAt(message, 7, { token: "!", logprob: -2 });
  assert.deepEqual([inAnswer.begun.thinking, inAnswer.begun.content, inAnswer.closed], ["1+1=2", "2!", true]);
});

test("a text that grows is cut as one that was there at once", () => {
  const text = "one\n\n- a\n\n- b\n\n$$\nx\n\ny\n$$\n\n```\ncode\n\nmore\n```\n\nlast\n\n\nend\n".repeat(40);
  for (const [split, open] of [
    [splitBlocks, 2],
    [splitTrace, 1],
  ] as const) {
    let grown = { text: "", pieces: [] as readonly string[] };
    for (let end = 0; end <= text.length; end += 7) {
      const now = text.slice(0, end);
      grown = { text: now, pieces: growPieces(grown, now, split, open) };
      assert.deepEqual(grown.pieces, split(now));
      assert.equal(grown.pieces.join(""), now);
    }
  }
});

test("thinking keeps its text but for formulas, and products are no emphasis", () => {
  assert.deepEqual(parseTrace("so $x^2$ is \\(y\\), costs $5 and $6.\n\n$$z$$\n\nend"), [
    { kind: "text", text: "so " },
    { kind: "math", text: "x^2" },
    { kind: "text", text: " is " },
    { kind: "math", text: "y" },
    { kind: "text", text: ", costs $5 and $6." },
    { kind: "display", text: "z" },
    { kind: "text", text: "end" },
  ]);
  assert.deepEqual(parseInline("37*48=1*2*3"), [{ kind: "text", text: "37*48=1*2*3" }]);
});

test("a text of nothing but openings of formulas is cut into small pieces and stays text", () => {
  const hostile = "\\(".repeat(20_000);
  const pieces = splitTrace(hostile);
  assert.ok(pieces.every((piece) => piece.length <= 4000));
  assert.equal(pieces.join(""), hostile);
  assert.ok(pieces.flatMap(parseTrace).every(({ kind }) => kind === "text"));
});

test("money has two figures that count", () => {
  assert.deepEqual([0, 0.0000031415, 0.25, 12].map(dollars), ["$0", "$0.0000031", "$0.25", "$12.00"]);
});
