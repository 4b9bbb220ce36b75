import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, before, test } from "node:test";
import { ModelSession } from "../generate/session.ts";
import { saveTinyModel } from "../generate/tiny-models.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import { AnswerPrinter, coloursAllowed, dollars, summaryLine } from "./answer-printer.ts";
import { answerJson } from "./ask.ts";
import { Conversation, chat } from "./chat.ts";
import { logitsOf } from "./logits.ts";

const device = referenceDevice();
const place = mkdtempSync(join(tmpdir(), "reckon-ask-"));
const folder = join(place, "tiny");
before(() => saveTinyModel(folder, device));
after(() => rmSync(place, { recursive: true }));

test("the JSON of an answer has the fields programs rely on, in this shape", async () => {
  const session = await ModelSession.open({ model: folder, device });
  const answer = await session.complete({ raw: "1+1=" }, { maxTokens: 3 });
  const json = JSON.parse(JSON.stringify(answerJson(session.name, answer)));
  assert.deepEqual(Object.keys(json), [
    "model",
    "text",
    "reasoning",
    "answer",
    "finish_reason",
    "thinking_truncated",
    "thinking_ended_by",
    "stop_sequence",
    "ids",
    "usage",
    "timing",
  ]);
  assert.equal(json.model, "tiny");
  assert.deepEqual(Object.keys(json.usage), ["prompt_tokens", "completion_tokens", "reasoning_tokens", "total_tokens"]);
  assert.deepEqual(Object.keys(json.timing), ["load_ms", "prefill_ms", "decode_ms", "prefill_tok_s", "decode_tok_s"]);
  await session.close();
});

test("thinking is dim on a terminal, between its tags elsewhere, and no control character gets through", () => {
  const written = (colours: boolean) => {
    let text = "";
    const printer = new AnswerPrinter({ write: (piece) => (text += piece) }, colours);
    printer.write({ reasoning: "2+2", content: "" });
    printer.write({ reasoning: "=4\x1b[31m\n", content: "" });
    printer.write({ reasoning: "", content: "It is 4" });
    printer.write({ reasoning: "", content: "\x07." });
    printer.end();
    return text;
  };
  assert.equal(written(true), "\x1b[2m2+2=4[31m\n\x1b[22mIt is 4.\n");
  assert.equal(written(false), "<think>\n2+2=4[31m\n</think>\nIt is 4.\n");
});

test("colours follow the stream, NO_COLOR and FORCE_COLOR", () => {
  const terminal = { isTTY: true, write: () => true };
  assert.equal(coloursAllowed(terminal, {}), true);
  assert.equal(coloursAllowed({ write: () => true }, {}), false);
  assert.equal(coloursAllowed(terminal, { NO_COLOR: "1", FORCE_COLOR: "1" }), false);
  assert.equal(coloursAllowed({ write: () => true }, { FORCE_COLOR: "1" }), true);
  assert.equal(coloursAllowed(terminal, { TERM: "dumb" }), false);
});

test("small amounts of money are written out", () => {
  assert.equal(dollars(0), "$0");
  assert.equal(dollars(1.234), "$1.23");
  assert.equal(dollars(0.00000123), "$0.00000123");
});

test("a conversation in a terminal: commands, a question, a bad question, and the end of input", async () => {
  const session = await ModelSession.open({ model: folder, device });
  const input = new PassThrough();
  const output = new PassThrough();
  let text = "";
  output.on("data", (piece) => {
    text += piece;
  });
  input.end("/help\n/nonsense\n/system Be brief\n\nWhat is 2 + 3?\nWas kostet ein Brötchen?\n/new\n");
  await chat(session, { device: "cpu", maxTokens: 8, seed: 1 }, { input, output });
  assert.match(text, /^tiny: ask something/);
  assert.match(text, /there is no \/nonsense; \/help lists what there is/);
  assert.match(text, /system message set/);
  assert.match(
    text,
    /\[tiny: \d+ tokens \(\d+ thinking\) in .* tokens\/s; .*FLOP, .* core-seconds, \$[\d.]+ at \$0.04 a core-hour/,
  );
  assert.match(text, /"ö" \(U\+00F6, at position \d+\) is not in this model's vocabulary/);
  assert.match(text, /a new conversation\n$/);
  await session.close();
});

test("/exit leaves although more input waits", async () => {
  const session = await ModelSession.open({ model: folder, device });
  const input = new PassThrough();
  const output = new PassThrough();
  input.write("/exit\nWhat is 1 + 1?\n");
  await chat(session, { device: "cpu", maxTokens: 5 }, { input, output });
  assert.doesNotMatch(String(output.read()), /core-seconds/);
  await session.close();
});

test("earlier turns stay as long as they fit, and the oldest go first", async () => {
  const session = await ModelSession.open({ model: folder, device });
  const conversation = new Conversation(session);
  conversation.keep("a".repeat(40), "b".repeat(40));
  conversation.keep("c".repeat(10), "d".repeat(10));
  const contents = (maxTokens: number) =>
    conversation
      .messagesFor("e", maxTokens)
      .map(({ content }) => String(content)[0])
      .join("");
  assert.equal(contents(100), "abcde");
  assert.equal(contents(200), "cde");
  assert.equal(contents(100), "cde", "what was dropped stays dropped");
  assert.equal(contents(250), "e");
  await session.close();
});

test("logits of one pass: the best id per position, the best of the last, the mean loss", async () => {
  const { decoder, close } = await ModelSession.open({ model: folder, device }).then((session) => ({
    decoder: session.decoder,
    close: () => session.close(),
  }));
  const ids = [0, 3, 40, 41, 42];
  const all = await logitsOf(decoder, device, ids, 4, true);
  const last = await logitsOf(decoder, device, ids, 4, false);
  assert.equal(all.argmax.length, 5);
  assert.deepEqual(all.argmax, last.argmax);
  assert.deepEqual(all.last, last.last);
  assert.equal(last.top, undefined);
  assert.deepEqual(
    all.top!.map((top) => top[0][0]),
    all.argmax,
  );
  for (const top of all.top!)
    assert.ok(top.length === 4 && top.every(([, logit], i) => i === 0 || logit <= top[i - 1][1]));
  assert.ok(all.nll! > 0 && Math.abs(all.nll! - last.nll!) === 0);
  assert.equal((await logitsOf(decoder, device, [5], 1, false)).nll, null);
  await close();
});

test("the summary names an answer that was cut off", async () => {
  const session = await ModelSession.open({ model: folder, device });
  const answer = await session.complete({ raw: "1" }, { maxTokens: 2, seed: 4 });
  const cost = { tokens: 3, flops: 2e6, core_seconds: 0.01, usd: 1e-7, usd_per_core_hour: 0.04 };
  assert.match(
    summaryLine("tiny", [{ ...answer, finish_reason: "length" }], cost),
    /2MFLOP, .*cut off at the token limit/,
  );
  await session.close();
});
