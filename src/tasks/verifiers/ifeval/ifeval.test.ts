import assert from "node:assert/strict";
import { test } from "node:test";
import { languageOf } from "../language.ts";
import { RULES } from "./rules.ts";
import { countCapitalWords, countSentences } from "./text.ts";
import { instructionVerifier } from "./verify.ts";

/** For each rule: its arguments, answers that keep it, answers that break it (loosely read, too). */
const CASES: Readonly<Record<string, readonly (readonly [object, readonly string[], readonly string[]])[]>> = {
  "change_case:capital_word_frequency": [
    [
      { capital_relation: "at least", capital_frequency: 3 },
      ["I like NATO AND them.", "A WELL-KNOWN U.S. man"],
      ["I like NATO.", "Nothing"],
    ],
    [{ capital_relation: "less than", capital_frequency: 2 }, ["WELL-KNOWN, Sir", "no"], ["I AM", "I'M"]],
  ],
  "change_case:english_capital": [
    [{}, ["THIS IS WHAT WE HAVE, 3 OF THEM."], ["This is WHAT", "123", "DAS IST NICHT EIN WORT UND WIR SIND HIER"]],
  ],
  "change_case:english_lowercase": [
    [{}, ["this is what we have."], ["this is What", "das ist nicht ein wort und wir sind hier"]],
  ],
  "combination:repeat_prompt": [
    [
      { prompt_to_repeat: "Write a poem. " },
      ["write a poem.\nRoses", " Write a poem."],
      ["Sure! Write a poem.", "Write a"],
    ],
  ],
  "combination:two_responses": [
    [
      {},
      ["One\n******\nTwo", "******One******Two"],
      ["One", "One******One", "One******Two******Three", "One************Two"],
    ],
  ],
  "detectable_content:number_placeholders": [
    [
      { num_placeholders: 2 },
      ["Dear [name], at [place]", "[a [b] c] [d]"],
      ["Dear [name]", "[a\nb] [c]", "]a[ [b [c]"],
    ],
  ],
  "detectable_content:postscript": [
    [{ postscript_marker: "P.S." }, ["Hello\nP.S. bye", "x p. s. y"], ["Hello PS bye"]],
    [{ postscript_marker: "P.P.S" }, ["Hello\nP.P.S bye", "P. P. S"], ["P.S. bye"]],
  ],
  "detectable_format:constrained_response": [
    [{}, ["My answer is no.", "I think: My answer is maybe."], ["My answer is no", "Yes."]],
  ],
  "detectable_format:json_format": [
    [{}, ['{"a": 1}', '```json\n{"a": [1]}\n```', "```\n3\n```"], ["{a: 1}", 'Here: {"a": 1}']],
  ],
  "detectable_format:multiple_sections": [
    [
      { section_spliter: "SECTION", num_sections: 2 },
      ["SECTION 1\na\nSECTION 2\nb", "SECTION1 SECTION2"],
      ["SECTION 1", "Section 1 Section 2", "SECTION A SECTION B"],
    ],
  ],
  "detectable_format:number_bullet_lists": [
    [
      { num_bullets: 2 },
      ["Here:\n* a\n* b\nEnd", "- a\n  - b", "* a\n- b"],
      ["Here:\n* a\nEnd", "- a\n- b\n- c\n- d\n- e", "1. a\n2. b"],
    ],
  ],
  "detectable_format:number_highlighted_sections": [
    [{ num_highlights: 2 }, ["*a* and *b*", "**a** **b**", "*a* \n*b*"], ["*a* b", "** ** * *", "*a\nb*"]],
  ],
  "detectable_format:title": [[{}, ["<<joy>>\ntext", "a << b >> c"], ["<joy>", "<<>>", "<< >>", "<<joy\n>>"]]],
  "keywords:existence": [[{ keywords: ["mom", "C++"] }, ["MOMENTS of c++"], ["mom", "c++", "m om c++"]]],
  "keywords:forbidden_words": [[{ forbidden_words: ["rock", "été"] }, ["rocket", "étés"], ["Rock!", "un ÉTÉ"]]],
  "keywords:frequency": [
    [{ keyword: "war", relation: "at least", frequency: 2 }, ["War is toward"], ["war"]],
    [{ keyword: " war ", relation: "less than", frequency: 2 }, ["War"], ["war war"]],
  ],
  "keywords:letter_frequency": [
    [{ letter: "#", let_relation: "at least", let_frequency: 2 }, ["# a #"], ["#"]],
    [{ letter: "T", let_relation: "less than", let_frequency: 2 }, ["at"], ["Tt"]],
  ],
  "language:response_language": [
    [
      { language: "de" },
      ["Das ist nicht ein Wort, und wir sind hier.", "123"],
      ["This is the word that we have.", "Ceci est dans la maison avec nous."],
    ],
  ],
  "length_constraints:nth_paragraph_first_word": [
    [
      { num_paragraphs: 2, nth_paragraph: 2, first_word: "Summary" },
      ["One.\n\nsummary: two", 'One.\n\n"Summary," two', "One.\n\nSummary. two"].slice(1).concat("One.\n\nsummary"),
      ["One.", "Summary\n\nOne", "One.\n\nSummary\n\nThree", "One.\n\nIn summary"],
    ],
  ],
  "length_constraints:number_paragraphs": [
    [{ num_paragraphs: 2 }, ["a\n***\nb", "***\na *** b"], ["a\n\nb", "a***b***c", "a *** *** b"]],
  ],
  "length_constraints:number_sentences": [
    [
      { relation: "at least", num_sentences: 3 },
      ["A dog. A cat! A cow?"],
      ["Dr. Smith met Mr. J. Doe, e.g. here.", "One. Two"],
    ],
    [{ relation: "less than", num_sentences: 2 }, ["It costs 3.50 or so"], ["One. Two."]],
  ],
  "length_constraints:number_words": [
    [{ relation: "at least", num_words: 4 }, ["it's a dog", "eins, zwei drei vier"], ["three little words"]],
    [{ relation: "less than", num_words: 3 }, ["two words"], ["well-known man"]],
  ],
  "punctuation:no_comma": [[{}, ["no; none"], ["one, two"]]],
  "startend:end_checker": [
    [
      { end_phrase: "Any other questions?" },
      ["Bye. any other questions?", '"Any other questions?"'],
      ["Any other questions? No."],
    ],
  ],
  "startend:quotation": [[{}, ['"Hello"', ' "a" or "b" '], ['"Hello', "'Hello'", '"']]],
};

test("every rule has answers that keep it and answers that break it", () => {
  assert.deepEqual(Object.keys(CASES).sort(), Object.keys(RULES).sort());
  for (const [id, cases] of Object.entries(CASES))
    for (const [args, keeping, breaking] of cases) {
      const judge = instructionVerifier([{ id, args: { ...args } }]);
      for (const text of keeping)
        assert.equal(judge(text).score, 1, `${id} keeps ${JSON.stringify(text)}: ${judge(text).reason}`);
      for (const text of breaking) assert.equal(judge(text).score, 0, `${id} breaks ${JSON.stringify(text)}`);
    }
});

test("loose reading forgives a first line, a last line and asterisks; a reason names what was not followed", () => {
  const json = instructionVerifier([{ id: "detectable_format:json_format", args: {} }]);
  for (const text of ['Sure!\n{"a": 1}', '{"a": 1}\nBye', 'Sure!\n{"a": 1}\nBye', '**{"a": 1}**', 'Hi\n*{"a": 1}*']) {
    assert.deepEqual(json(text).rules, [{ id: "detectable_format:json_format", strict: false, loose: true }], text);
  }
  assert.equal(json('Sure!\nHere:\n{"a": 1}').rules[0]!.loose, false);
  const two = instructionVerifier([
    { id: "punctuation:no_comma", args: { unused: null } },
    { id: "length_constraints:number_words", args: { relation: "at least", num_words: 9, num_bullets: null } },
  ]);
  const { score, rules, reason } = two("<think>Well, well, well</think>\n\nshort");
  assert.deepEqual([score, rules.map(({ strict }) => strict)], [0, [true, false]]);
  assert.match(reason, /1 of 2 instructions are not followed: length_constraints:number_words \(1 words, at least 9/);
  for (const silent of ["", "<think>a</think> ", "<think>never ends"]) {
    assert.deepEqual(
      two(silent).rules.map(({ loose }) => loose),
      [false, false],
      silent,
    );
  }
});

test("a rule there is not, and arguments that are not a rule's, are refused by name", () => {
  assert.throws(() => instructionVerifier([{ id: "made:up", args: {} }]), /no instruction "made:up"/);
  assert.throws(() => instructionVerifier([{ id: "toString", args: {} }]), RangeError);
  assert.throws(
    () => instructionVerifier([{ id: "keywords:frequency", args: { keyword: "a", relation: "about", frequency: 1 } }]),
    /keywords:frequency do not fit: relation/,
  );
});

test("sentences and capital words are counted as people do", () => {
  for (const [text, sentences] of [
    ["", 0],
    ["no stop", 1],
    ["Mr. Smith paid $3.50 to J. Doe at 5 p.m. in Washington.", 1],
    ["He came at 5 p.m. She left.", 2],
    ['"Stop!" he said. (Really?) Yes.', 4],
    ["Wait... what? Wait... What?", 3],
    ["1. Buy milk.\n2. Sleep.", 4],
    ["**Bold.** Then more.\n\nA heading\nand more.", 3],
  ] as const) {
    assert.equal(countSentences(text), sentences, text);
  }
  assert.equal(countCapitalWords("I'M IN THE U.S. AND A-B, *C* not McD 3D 42"), 9);
});

/** A sentence or two in each language that IFEval asks for. */
const SPOKEN: Readonly<Record<string, string>> = {
  ar: "هذا هو الكتاب الذي قرأته في المدرسة، وقد كان مفيدا جدا.",
  bg: "Това е книгата, която съм чел в училище, и тези истории са много хубави.",
  bn: "আমি প্রতিদিন স্কুলে যাই এবং বই পড়ি।",
  de: "Wir sind heute mit dem Zug gefahren und haben viele Leute gesehen.",
  fa: "این کتابی است که من در مدرسه خواندم و برای همه مفید است.",
  fi: "Tämä on kirja, jonka luin koulussa, ja se on hyvin kiinnostava, mutta pitkä.",
  gu: "હું દરરોજ શાળાએ જાઉં છું.",
  hi: "यह वह किताब है जो मैंने स्कूल में पढ़ी थी और यह बहुत अच्छी है।",
  it: "Questo è il libro che ho letto nella scuola, ma anche gli altri sono belli.",
  kn: "ನಾನು ಪ್ರತಿದಿನ ಶಾಲೆಗೆ ಹೋಗುತ್ತೇನೆ.",
  ko: "저는 매일 학교에 갑니다.",
  mr: "हे माझे पुस्तक आहे आणि ते खूप चांगले आहे.",
  ne: "यो मेरो किताब हो र यो धेरै राम्रो छ।",
  pa: "ਮੈਂ ਹਰ ਰੋਜ਼ ਸਕੂਲ ਜਾਂਦਾ ਹਾਂ।",
  pt: "Este é o livro que eu li na escola, e não é muito longo, mas também é bom.",
  ru: "Это книга, которую мы читали, и она очень интересная, если только вы любите истории.",
  sw: "Hii ni kitabu cha mtoto ambacho alikuwa nacho katika shule kwa muda mrefu.",
  ta: "நான் தினமும் பள்ளிக்குச் செல்கிறேன்.",
  te: "నేను ప్రతిరోజూ పాఠశాలకు వెళ్తాను.",
  th: "ฉันไปโรงเรียนทุกวัน",
  uk: "Це книга, яку він читав, і вона дуже цікава, але довга.",
  ur: "یہ وہ کتاب ہے جو میں نے اسکول میں پڑھی تھی اور یہ بہت اچھی ہے۔",
  vi: "Đây là một cuốn sách rất hay của tôi và nó không dài.",
  pl: "To jest książka, które są bardzo dobre, ale nie dla dzieci.",
};

test("the languages that answers are asked for in are told apart, in capitals too", () => {
  for (const [language, text] of Object.entries(SPOKEN)) {
    assert.equal(languageOf(text), language, text);
    assert.equal(languageOf(text.toUpperCase()), language, text);
  }
});

test("hostile answers are judged in time linear in their length", () => {
  const all = Object.entries(CASES).map(([id, [[args]]]) => ({ id, args: { ...args } }) as const);
  const judge = instructionVerifier(all as never);
  for (const unit of ["[", "*", "<<", "\n", " ", "- ", '"', ".", "p.", "SECTION ", "***\n", "'", "A'"])
    assert.equal(judge(unit.repeat(200_000)).rules.length, all.length);
});
