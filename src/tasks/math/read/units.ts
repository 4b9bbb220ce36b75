/** Units of measure and money: what may stand behind a number without changing it, and how those of one kind convert. */
import { divide, multiply, type Rational, rational } from "../number/rational.ts";

interface Unit {
  readonly name: string;
  /** What it measures; quantities of one dimension can be converted. */
  readonly dimension: string;
  /** In the dimension's own unit. */
  readonly size: Rational;
}

/** spellings, then the size of the first in the dimension's unit */
const TABLE: readonly (readonly [dimension: string, size: readonly [number, number], spellings: string])[] = [
  ["length", [1, 1], "m meter meters metre metres"],
  ["length", [1, 100], "cm centimeter centimeters centimetre centimetres"],
  ["length", [1, 1000], "mm millimeter millimeters millimetre millimetres"],
  ["length", [1000, 1], "km kilometer kilometers kilometre kilometres"],
  ["length", [1, 1_000_000_000], "nm nanometer nanometers"],
  ["length", [254, 10_000], "in inch inches"],
  ["length", [3048, 10_000], "ft foot feet"],
  ["length", [9144, 10_000], "yd yard yards"],
  ["length", [1_609_344, 1000], "mi mile miles"],
  ["mass", [1, 1], "g gram grams gramme grammes"],
  ["mass", [1000, 1], "kg kilogram kilograms kilo kilos"],
  ["mass", [1, 1000], "mg milligram milligrams"],
  ["mass", [1_000_000, 1], "ton tons tonne tonnes"],
  ["mass", [45_359_237, 100_000], "lb lbs pound pounds"],
  ["mass", [28_349_523_125, 1_000_000_000], "oz ounce ounces"],
  ["time", [1, 1], "s sec secs second seconds"],
  ["time", [60, 1], "min mins minute minutes"],
  ["time", [3600, 1], "h hr hrs hour hours"],
  ["time", [86_400, 1], "day days"],
  ["time", [604_800, 1], "week weeks"],
  ["months", [1, 1], "month months"],
  ["months", [12, 1], "yr yrs year years"],
  ["volume", [1, 1], "L l liter liters litre litres"],
  ["volume", [1, 1000], "mL ml milliliter milliliters millilitre millilitres"],
  ["angle", [1, 1], "degree degrees deg"],
  ["money", [1, 1], "dollar dollars usd"],
  ["money", [1, 100], "cent cents"],
  ["euro", [1, 1], "euro euros eur"],
  ["sterling", [1, 1], "gbp"],
  ["power", [1, 1], "W watt watts"],
  ["power", [1000, 1], "kW kilowatt kilowatts"],
  ["energy", [1, 1], "J joule joules"],
  ["energy", [1000, 1], "kJ kilojoule kilojoules"],
  ["area", [1, 1], "m^2"],
  ["area", [1, 10_000], "cm^2"],
  ["area", [1_000_000, 1], "km^2"],
  ["area", [929_0304, 100_000_000], "ft^2"],
  ["area", [64_516, 100_000_000], "in^2"],
  ["speed", [1, 1], "m/s"],
  ["speed", [1000, 1], "km/s"],
  ["speed", [1000, 3600], "km/h kmh kmph kph"],
  ["speed", [1_609_344, 3_600_000], "mi/h mph"],
  ["speed", [3048, 10_000], "ft/s"],
  ["solid", [1, 1], "m^3"],
  ["solid", [1, 1_000_000], "cm^3"],
];

const UNITS: ReadonlyMap<string, Unit> = new Map(
  TABLE.flatMap(([dimension, [top, bottom], spellings]) => {
    const names = spellings.split(" ");
    const size = rational(BigInt(top), BigInt(bottom));
    return names.map((spelling): [string, Unit] => [spelling, { name: names[0]!, dimension, size }]);
  }),
);

/** Units that convert to nothing here: dropped wherever they stand behind a number. */
const OTHERS = new Set(
  (
    "unit units square sq cubic cu rpm hz khz mhz ghz newton newtons pa kpa atm ev kev mev mol mole moles volt volts " +
    "ohm ohms amp amps amu angstrom angstroms arcsec arcsecs arcseconds radian radians rad erg ergs cal kcal calorie calories " +
    "gallon gallons quart quarts pint pints cup cups acre acres hectare hectares yuan rupee rupees yen bit bits byte bytes " +
    "kb mb gb per"
  ).split(" "),
);

/** Single letters that are read as units only where nothing else makes sense, for they are names of variables too. */
const LETTERS = new Set(["m", "g", "s", "h", "L", "l", "N", "J", "W", "V", "A", "K", "C", "F"]);

/** Whether a run of two or more letters is a unit's name. */
export const isUnitWord = (word: string): boolean =>
  word.length > 1 && (UNITS.has(word) || UNITS.has(word.toLowerCase()) || OTHERS.has(word.toLowerCase()));

export const isUnitLetter = (letter: string): boolean => LETTERS.has(letter);

/** One spelling for each unit of the table ("centimeters" and "cm" are "cm", "sq. inches" is "in^2", "miles per hour" "mi/h"); other words as they are, in lower case. */
export function unitName(words: string): string {
  const plain = words
    .replace(/[~.]/g, " ")
    .replace(/\\[a-zA-Z]+\s?|[{}]/g, " ")
    .trim()
    .replace(/\s+/g, " ")
    .replace(/ per (?!cent)| ?\/ ?/g, "/");
  if (plain.includes("/")) return plain.split("/").map(unitName).join("/");
  const power = /^(?:sq|square) (\S+)$/.exec(plain) ?? /^(\S+?) ?(?:\^ ?2|squared)$/.exec(plain);
  if (power !== null) return `${unitName(power[1]!)}^2`;
  const cube = /^(?:cu|cubic) (\S+)$/.exec(plain) ?? /^(\S+?) ?(?:\^ ?3|cubed)$/.exec(plain);
  if (cube !== null) return `${unitName(cube[1]!)}^3`;
  return (UNITS.get(plain) ?? UNITS.get(plain.toLowerCase()))?.name ?? plain.toLowerCase();
}

/** value in the unit `from`, as one in `to`; null where the two do not measure the same, undefined where one is not known. */
export function convert(value: Rational, from: string, to: string): Rational | null | undefined {
  const [a, b] = [UNITS.get(from), UNITS.get(to)];
  if (a === undefined || b === undefined) return undefined;
  return a.dimension === b.dimension ? divide(multiply(value, a.size), b.size) : null;
}
