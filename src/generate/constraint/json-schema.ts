/**
 * JSON schemas as grammars. What the grammar lets through is valid under the schema: a keyword that cannot be held to is refused
 * with its place, never ignored. Of what the schema allows some is left out, as with all grammars of this kind: properties come in
 * the schema's order, others only where `additionalProperties` says so, and numbers have at most 15 digits.
 */
import { UserError } from "../../error.ts";
import { either, quoted, Rules, repeated, sequence } from "./ebnf.ts";
import { FORMATS } from "./formats.ts";
import { ANY_INTEGER, ANY_NUMBER, integerGrammar, numberGrammar } from "./numbers.ts";
import { JSON_CHARACTER, lengthsOf, parseRegex, regexGrammar, searching } from "./regex.ts";
import {
  ANNOTATIONS,
  bound,
  checkKeywords,
  count,
  hasType,
  impossible,
  isPlain,
  plainExcept,
  refused,
  typesOf,
  UNSATISFIABLE,
  withLength,
} from "./schema-keywords.ts";
import { intersection, isObject, type Schema, type SchemaObject } from "./schema-merge.ts";

/** The grammar of the JSON texts of a schema. @throws UserError for a keyword that cannot be held to, or a schema nothing matches */
export function schemaGrammar(schema: unknown): string {
  const writer = new SchemaWriter(schema);
  const root = writer.write(schema, "");
  return writer.rules.text(root);
}

/**
 * A grammar with JSON texts of several schemas in it, each with its own $defs.
 * @param root makes the whole of the pieces that match them, in their order
 * @throws UserError
 */
export function schemasGrammar(schemas: readonly unknown[], root: (pieces: readonly string[]) => string): string {
  const rules = new Rules();
  return rules.text(root(schemas.map((schema) => new SchemaWriter(schema, rules).write(schema, ""))));
}

/** Any JSON object. */
export const JSON_OBJECT: Schema = { type: "object" };

class SchemaWriter {
  readonly rules: Rules;
  readonly #root: unknown;
  readonly #known = new Map<string, string>();
  readonly #shared = new Map<string, string>();

  constructor(root: unknown, rules = new Rules()) {
    this.#root = root;
    this.rules = rules;
  }

  /** A piece that matches the values of `schema`; `at` is its JSON pointer. */
  write(schema: unknown, at: string): string {
    if (schema === true) return this.#any();
    if (schema === false) throw refused(at, "is false, which no value matches");
    if (!isObject(schema)) throw refused(at, "is no schema: a schema is an object, true or false");
    checkKeywords(schema, at);
    if (typeof schema.$ref === "string") return this.#reference(schema, schema.$ref, at);
    for (const keyword of ["anyOf", "oneOf"] as const) {
      const alternatives = schema[keyword];
      if (alternatives !== undefined) return this.#alternatives(schema, keyword, alternatives, at);
    }
    if (schema.allOf !== undefined) {
      if (!Array.isArray(schema.allOf)) throw refused(`${at}/allOf`, "is no list");
      const { allOf, ...rest } = schema;
      return this.write(this.#merge([rest, ...allOf], at), at);
    }
    if ("const" in schema) return this.#values([schema.const], schema, at);
    if (schema.enum !== undefined) {
      if (!Array.isArray(schema.enum)) throw refused(`${at}/enum`, "is no list");
      return this.#values(schema.enum, schema, at);
    }
    const types = typesOf(schema, at);
    return either(types.map((type) => this.#typed(type, schema, at)));
  }

  #typed(type: string, schema: SchemaObject, at: string): string {
    switch (type) {
      case "null":
        return '"null"';
      case "boolean":
        return '("true" | "false")';
      case "integer":
      case "number":
        return this.#number(type, schema, at);
      case "string":
        return this.#string(schema, at);
      case "array":
        return this.#array(schema, at);
      case "object":
        return this.#object(schema, at);
      default:
        throw refused(`${at}/type`, `names the type ${JSON.stringify(type)}, which JSON does not have`);
    }
  }

  #reference(schema: SchemaObject, reference: string, at: string): string {
    const { $ref: _, ...rest } = schema;
    if (Object.keys(rest).some((keyword) => !ANNOTATIONS.has(keyword))) {
      return this.write(this.#merge([rest, this.#find(reference, at)], at), at);
    }
    const known = this.#known.get(reference);
    if (known !== undefined) return known;
    const name = this.rules.reserve(reference.split("/").at(-1) || "root_value");
    this.#known.set(reference, name);
    this.rules.define(name, this.write(this.#find(reference, at), reference.slice(1)));
    return name;
  }

  #find(reference: string, at: string): unknown {
    if (!reference.startsWith("#"))
      throw refused(`${at}/$ref`, "points outside the schema; put what it points to into $defs");
    let place: unknown = this.#root;
    for (const part of reference.slice(1).split("/").slice(1)) {
      const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
      place = isObject(place) || Array.isArray(place) ? (place as Record<string, unknown>)[key] : undefined;
    }
    if (place === undefined) throw refused(`${at}/$ref`, `points to ${reference}, which is not there`);
    return place;
  }

  #alternatives(schema: SchemaObject, keyword: "anyOf" | "oneOf", alternatives: unknown, at: string): string {
    if (!Array.isArray(alternatives) || alternatives.length === 0)
      throw refused(`${at}/${keyword}`, "is no list of schemas");
    const { [keyword]: _, ...rest } = schema;
    const plain = Object.keys(rest).every((name) => ANNOTATIONS.has(name));
    const pieces: string[] = [];
    let why: unknown = null;
    for (const [i, alternative] of alternatives.entries()) {
      // An alternative that nothing can match only means that another must be.
      try {
        const place = `${at}/${keyword}/${i}`;
        pieces.push(this.write(plain ? alternative : this.#merge([rest, alternative], place), place));
      } catch (error) {
        if (!(error instanceof UserError) || error.type !== UNSATISFIABLE) throw error;
        why = error;
      }
    }
    if (pieces.length === 0) throw why;
    return either(pieces);
  }

  #merge(parts: readonly unknown[], at: string): Schema {
    return parts.reduce<Schema>((sum, part) => {
      const own = isObject(part) && typeof part.$ref === "string" ? this.#resolved(part, at) : part;
      if (typeof own !== "boolean" && !isObject(own))
        throw refused(at, "is no schema: a schema is an object, true or false");
      const merged = intersection(sum, own);
      if (merged === null)
        throw refused(at, "combines keywords in a way that cannot be held to; write the combined schema out");
      return merged;
    }, true);
  }

  #resolved(schema: SchemaObject, at: string): Schema {
    let own: unknown = schema;
    for (let steps = 0; isObject(own) && typeof own.$ref === "string"; steps++) {
      if (steps > 50) throw refused(at, "refers to itself without end");
      const { $ref, ...rest } = own;
      const target = this.#find($ref as string, at);
      own = Object.keys(rest).length === 0 ? target : this.#merge([rest, target], at);
    }
    return own as Schema;
  }

  #values(values: readonly unknown[], schema: SchemaObject, at: string): string {
    const types = schema.type === undefined ? null : typesOf(schema, at);
    const fitting = values.filter((value) => types === null || types.some((type) => hasType(value, type)));
    if (fitting.length === 0) throw impossible(at, "leaves no value: its enum or const fits no type it allows");
    return either(fitting.map((value) => this.#value(value, at)));
  }

  #value(value: unknown, at: string): string {
    const text = JSON.stringify(value);
    if (text === undefined) throw refused(at, "has a value that JSON cannot write");
    return quoted(text);
  }

  #number(type: "integer" | "number", schema: SchemaObject, at: string): string {
    const low = bound(schema, "minimum", "exclusiveMinimum", (a, b) => a > b, at);
    const high = bound(schema, "maximum", "exclusiveMaximum", (a, b) => a < b, at);
    const step = schema.multipleOf;
    let decimals: number | undefined;
    if (step !== undefined) {
      decimals = typeof step === "number" ? Math.round(-Math.log10(step)) : Number.NaN;
      if (!(decimals >= 0 && decimals <= 15 && Number(`1e-${decimals}`) === step)) {
        throw refused(`${at}/multipleOf`, "cannot be held to unless it is 1, 0.1, 0.01 and so on");
      }
    }
    const whole = type === "integer" || decimals === 0;
    if (low === null && high === null && decimals === undefined) {
      return whole ? this.#share("integer", ANY_INTEGER) : this.#share("number", ANY_NUMBER);
    }
    const grammar = whole ? integerGrammar(low, high) : numberGrammar(low, high, decimals);
    if (grammar === null) throw impossible(at, "leaves no number between its bounds");
    return this.rules.add("number_between", grammar);
  }

  #string(schema: SchemaObject, at: string): string {
    const least = count(schema, "minLength", 0, at);
    const most = count(schema, "maxLength", Number.POSITIVE_INFINITY, at);
    if (least > most) throw impossible(at, "has a minLength above its maxLength");
    const format = typeof schema.format === "string" ? FORMATS[schema.format] : undefined;
    if (schema.pattern !== undefined) {
      if (typeof schema.pattern !== "string") throw refused(`${at}/pattern`, "is no text");
      const node = withLength(searching(parseRegex(schema.pattern, `${at}/pattern`)), least, most);
      if (node === null)
        throw refused(
          `${at}/pattern`,
          "cannot be held to together with minLength or maxLength; put the length into it",
        );
      return this.rules.add("text", sequence(['"\\""', regexGrammar(node, "json"), '"\\""']));
    }
    if (format !== undefined) {
      const node = parseRegex(format);
      const [shortest, longest] = lengthsOf(node);
      if (shortest < least || longest > most)
        throw refused(`${at}/format`, "cannot be held to together with minLength or maxLength");
      return this.#share(`format_${schema.format}`, sequence(['"\\""', regexGrammar(node, "json"), '"\\""']));
    }
    if (least === 0 && most === Number.POSITIVE_INFINITY) return this.#text();
    return this.rules.add("text", sequence(['"\\""', repeated(this.#character(), least, most), '"\\""']));
  }

  #array(schema: SchemaObject, at: string): string {
    const tuple = Array.isArray(schema.items) ? schema.items : schema.prefixItems;
    const further = Array.isArray(schema.items) ? schema.additionalItems : schema.items;
    const first = tuple === undefined ? [] : tuple;
    if (!Array.isArray(first)) throw refused(`${at}/prefixItems`, "is no list");
    const least = count(schema, "minItems", 0, at);
    let most = count(schema, "maxItems", Number.POSITIVE_INFINITY, at);
    // Items past a tuple are only written where the schema speaks of them.
    if (further === false || (further === undefined && first.length > 0))
      most = Math.min(most, Math.max(first.length, least));
    if (further === false) most = Math.min(most, first.length);
    if (least > most) throw impossible(at, "needs more items than it may have");
    const one = (i: number): string =>
      i < first.length ? this.write(first[i], `${at}/prefixItems/${i}`) : this.write(further ?? true, `${at}/items`);
    const comma = sequence([this.#space(), '","', this.#space()]);
    // From the last item of the tuple backwards: what may follow the first i items.
    const rest = (i: number): string => {
      if (i >= most) return '""';
      if (i >= first.length) {
        const item = sequence([comma, this.rules.add("item", one(i))]);
        return repeated(item, Math.max(0, least - i), most - i);
      }
      const next = sequence([comma, one(i), rest(i + 1)]);
      return i >= least ? `(${next})?` : next;
    };
    if (most === 0) return sequence(['"["', this.#space(), '"]"']);
    let start: string;
    if (first.length > 0) start = sequence([one(0), rest(1)]);
    else {
      const item = this.rules.add("item", one(0));
      start = sequence([item, repeated(sequence([comma, item]), Math.max(0, least - 1), most - 1)]);
    }
    const body = sequence([this.#space(), start, this.#space()]);
    return this.rules.add("list", sequence(['"["', least === 0 ? either([body, this.#space()]) : body, '"]"']));
  }

  #object(schema: SchemaObject, at: string): string {
    const properties = schema.properties ?? {};
    if (!isObject(properties)) throw refused(`${at}/properties`, "is no object");
    const required = schema.required ?? [];
    if (!Array.isArray(required)) throw refused(`${at}/required`, "is no list");
    const names = [...Object.keys(properties), ...required.filter((name) => !(name in properties)).map(String)];
    const additional = schema.additionalProperties ?? schema.unevaluatedProperties ?? names.length === 0;
    const least = count(schema, "minProperties", 0, at);
    const most = count(schema, "maxProperties", Number.POSITIVE_INFINITY, at);
    const needed = new Set(required).size;
    if (least > Math.max(needed, 1))
      throw refused(`${at}/minProperties`, "cannot be held to; name the properties in required");
    if (most < names.length || (most !== Number.POSITIVE_INFINITY && additional !== false)) {
      if (!(most === 0 && needed === 0))
        throw refused(`${at}/maxProperties`, "cannot be held to; name the properties instead");
      return sequence(['"{"', this.#space(), '"}"']);
    }
    const space = this.#space();
    const pair = (key: string, value: string): string => sequence([key, space, '":"', space, value]);
    const pairs = names.map((name) => {
      const property = (properties as SchemaObject)[name];
      if (property === undefined && additional === false)
        throw impossible(at, `requires ${JSON.stringify(name)}, which it does not allow`);
      return pair(quoted(JSON.stringify(name)), this.write(property ?? additional, `${at}/properties/${name}`));
    });
    const other = additional === false ? null : this.#others(schema, names, additional, at, pair);
    const comma = sequence([space, '","', space]);
    // after: what may follow once a property is written; alone: while none is.
    let after = other === null ? '""' : repeated(sequence([comma, other]), 0, Number.POSITIVE_INFINITY);
    let alone: string | null = other === null ? null : sequence([other, after]);
    let mayBeEmpty = true;
    for (let i = names.length - 1; i >= 0; i--) {
      const isRequired = required.includes(names[i]);
      const here = pairs.length < 3 ? pairs[i] : this.rules.add(`pair_${names[i]}`, pairs[i]);
      const follows = after === '""' ? after : this.rules.add("more", after);
      const started = sequence([here, follows]);
      after = isRequired ? sequence([comma, here, follows]) : either([sequence([comma, here, follows]), follows]);
      alone = isRequired || alone === null ? started : either([started, alone]);
      if (isRequired) mayBeEmpty = false;
    }
    const empty = mayBeEmpty && least === 0;
    if (alone === null && !empty) throw impossible(at, "needs a property, but allows none");
    const body = alone === null ? null : sequence([space, alone, space]);
    const inside = body === null ? space : empty ? either([body, space]) : body;
    return this.rules.add("object", sequence(['"{"', inside, '"}"']));
  }

  /** A property that the schema does not name. */
  #others(
    schema: SchemaObject,
    names: readonly string[],
    additional: unknown,
    at: string,
    pair: (key: string, value: string) => string,
  ): string {
    const value = this.write(additional, `${at}/additionalProperties`);
    if (schema.propertyNames === undefined || schema.propertyNames === true) {
      return this.rules.add("other", pair(this.#keyExcept(names), value));
    }
    if (names.length > 0) throw refused(`${at}/propertyNames`, "cannot be held to together with properties");
    const keys = isObject(schema.propertyNames) ? { type: "string", ...schema.propertyNames } : schema.propertyNames;
    return this.rules.add("other", pair(this.write(keys, `${at}/propertyNames`), value));
  }

  /** A key that is none of `names`: it leaves their tree of letters somewhere, or stops short of a name's end. */
  #keyExcept(names: readonly string[]): string {
    if (names.length === 0) return this.#text();
    const inside = (ends: readonly string[]): string => {
      const next = new Map<string, string[]>();
      for (const end of ends) {
        const [letter] = end;
        if (letter !== undefined) next.set(letter, [...(next.get(letter) ?? []), end.slice(letter.length)]);
      }
      const pieces = ends.includes("") ? [] : ['""'];
      // In the tree only plain letters: an escape could spell one of the names.
      const stays = [...next.keys()].map((letter) => letter.codePointAt(0)!);
      const leaving = regexGrammar({ kind: "class", ranges: plainExcept(stays) }, "text");
      pieces.push(sequence([leaving, repeated(this.#character(), 0, Number.POSITIVE_INFINITY)]));
      for (const [letter, rest] of next) {
        if (isPlain(letter)) pieces.push(sequence([quoted(letter), inside(rest)]));
      }
      return either(pieces);
    };
    return this.rules.add("key", sequence(['"\\""', inside(names), '"\\""']));
  }

  #any(): string {
    const known = this.#shared.get("any");
    if (known !== undefined) return known;
    const name = this.rules.reserve("any");
    this.#shared.set("any", name);
    const object = this.#object({}, "");
    const list = this.#array({}, "");
    const number = this.#share("number", ANY_NUMBER);
    this.rules.define(name, either([object, list, this.#text(), number, '"true"', '"false"', '"null"']));
    return name;
  }

  #text(): string {
    return this.#share(
      "string",
      sequence(['"\\""', repeated(this.#character(), 0, Number.POSITIVE_INFINITY), '"\\""']),
    );
  }

  #character(): string {
    return this.#share("character", JSON_CHARACTER);
  }

  /** White space between tokens: none, one space, or a new line and its indentation; more a weak model would write for ever. */
  #space(): string {
    return this.#share("space", '("" | " " | "\\n" [ \\t]{0,20})');
  }

  #share(hint: string, body: string): string {
    const known = this.#shared.get(hint);
    if (known !== undefined) return known;
    const name = this.rules.add(hint, body);
    this.#shared.set(hint, name);
    return name;
  }
}
