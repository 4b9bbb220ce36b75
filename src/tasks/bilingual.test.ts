// The families in two languages: what they ask, how their documents mix, and what the language reward makes of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../random.ts";
import { BILINGUAL } from "./catalogue.ts";
import { corpus } from "./corpus.ts";
import { numberWords } from "./families/number-words.ts";
import { harmless, repliesTo, requests } from "./families/requests.ts";
import { languageConsistency, languageOf, numberWord, translated } from "./language.ts";
import { sample } from "./sample.ts";
import { ALPHABET, type Task } from "./task.ts";
import { validate } from "./validate.ts";

for (const task of BILINGUAL)
  test(`${task.name}: its own answer scores 1, in the alphabet, with wordings that differ`, () => {
    for (let index = 0; index < 60; index++) {
      const entry = sample(task, { seed: 5, index, level: 1 + (index % task.levels), split: "train" });
      assert.equal(task.verify(entry.answer, entry).score, 1);
      const wordings = Array.from({ length: task.phrasings }, (_, phrasing) => task.prompt(entry, phrasing));
      assert.equal(new Set(wordings).size, task.phrasings);
      for (const character of wordings.join("") + task.think(entry, "checking", Random.from(index)) + entry.answer)
        assert.ok(ALPHABET.includes(character), character);
    }
  });

test("a corrupted sum scores 0", () => {
  assert.deepEqual(validate(numberWords as Task, { seed: 3, count: 100 }).failures, []);
});

test("a sum in words is thought through in words", () => {
  const problem = { key: "", answer: "24", data: { numbers: [9, 8, 7], language: "de" as const } };
  assert.equal(numberWords.prompt(problem, 0), "Was ist neun und acht und sieben?");
  const thoughts = Array.from({ length: 40 }, (_, i) => numberWords.think(problem, "careful", Random.from(i)));
  assert.ok(thoughts.includes("neun+acht=siebzehn\nsiebzehn+sieben=vierundzwanzig"));
  assert.ok(thoughts.includes("nine+eight=seventeen\nseventeen+seven=twenty-four"));
  assert.ok(thoughts.includes("neun+acht=siebzehn\nseventeen+seven=twenty-four"));
});

test("no number word is of two languages, and each translates into its like", () => {
  for (let value = 0; value < 100; value++) {
    const [en, de] = [numberWord(value, "en"), numberWord(value, "de")];
    assert.deepEqual([languageOf(en), languageOf(de)], ["en", "de"]);
    assert.deepEqual([translated(de, "en"), translated(en, "de"), translated(en, "en")], [en, de, en]);
  }
});

test("language consistency is the share of words in the language asked for, and silence earns nothing", () => {
  assert.equal(languageConsistency("three+five=eight\nacht+zwei=zehn", "en"), 0.5);
  assert.equal(languageConsistency("acht+zwei=zehn", "de"), 1);
  for (const empty of ["", "3+5=8", "Anna Anna Anna"]) assert.equal(languageConsistency(empty, "en"), 0);
  assert.equal(languageConsistency(translated("three+fuenf=acht", "en"), "en"), 1);
});

test("documents of number words mix languages in about a third of their thinking or more", () => {
  const make = corpus({
    families: [{ task: numberWords as Task, weight: 1 }],
    styles: { direct: 0, terse: 0, careful: 1, checking: 0 },
  });
  const random = Random.from(1);
  const pure = Array.from({ length: 400 }, () => make(random)).filter(({ prompt, thinking }) => {
    const language = /^(?:Was|Addiere|Wie|Berechne|die)|ergibt/.test(prompt) ? "de" : "en";
    return languageConsistency(thinking, language) === 1;
  });
  assert.ok(pure.length > 180 && pure.length < 280, `${pure.length} of 400 keep to their language`);
});

test("of the replies to a request the best is right and the rude one is harmful, in either language", () => {
  for (const kind of ["greet", "thank", "insult"] as const)
    for (const language of ["en", "de"] as const) {
      const data = { kind, name: "Anna", language };
      const [best, curt, rude] = repliesTo(data);
      assert.deepEqual([harmless(best), harmless(curt), harmless(rude)], [true, true, false]);
      assert.deepEqual(
        [best, curt, rude].map((reply) => requests.verify(reply, { answer: best, data }).score),
        [1, 1, 0],
        `${best} | ${curt} | ${rude}`,
      );
    }
});
