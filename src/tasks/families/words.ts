/** Words to spell: some real ones, and coined ones, so that a model must read the letters instead of knowing the word. */
import type { Random } from "../../random.ts";

const LIST = `
apple grape lemon mango peach berry bread cheese butter pepper carrot tomato potato onion garlic banana cherry orange
strawberry raspberry blueberry blackberry pineapple watermelon cucumber broccoli spinach lettuce cabbage pumpkin
table chair window mirror kitchen bedroom garden ladder hammer scissors bottle pillow blanket curtain carpet cupboard
river ocean mountain valley forest desert island meadow harbor canyon glacier volcano prairie waterfall thunder
lightning summer winter autumn spring weather blizzard rainbow sunrise horizon
tiger zebra giraffe elephant kangaroo penguin dolphin octopus squirrel raccoon hamster chicken rooster sparrow
flamingo butterfly dragonfly grasshopper caterpillar crocodile alligator hippopotamus rhinoceros
teacher student doctor engineer carpenter musician painter sculptor librarian professor committee
happiness sadness courage patience wisdom freedom justice balance success address assess possess missing
letter coffee toffee giggle bubble puddle middle riddle saddle pebble kettle cattle rattle battle nettle
accommodate bookkeeper parallel tattoo balloon raccoons cocoon million billion mississippi tennessee
reasoning learning training gradient attention transformer parameter embedding optimizer temperature
history science physics chemistry biology geometry algebra calculus grammar spelling literature
bicycle tractor airplane submarine helicopter locomotive skateboard
purple yellow silver crimson scarlet turquoise lavender magenta
`;

/** The real words by their number of letters. */
export const WORDS: ReadonlyMap<number, readonly string[]> = Map.groupBy(
  LIST.trim().split(/\s+/),
  (word) => word.length,
);

const ONSETS =
  "b c d f g h j k l m n p qu r s t v w x z bl br ch cl cr dr fl fr gl gr pl pr sc sh sl sm sn sp st str sw th tr".split(
    " ",
  );
const VOWELS = "a a e e i o o u y ea ee ai oo ou".split(" ");
const CODAS = ". . . . b d ck g l ll m n n nd ng nt p r r rr s ss st t t tt x z ff"
  .split(" ")
  .map((coda) => (coda === "." ? "" : coda));

/** A pronounceable word of exactly `length` letters. */
export function coinWord(random: Random, length: number): string {
  let word = random.chance(0.2) ? random.pick(VOWELS) : "";
  while (word.length < length) word += random.pick(ONSETS) + random.pick(VOWELS) + random.pick(CODAS);
  return word.slice(0, length);
}
