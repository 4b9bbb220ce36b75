/** Constraints made ready for a vocabulary and followed token by token. */
import { UserError } from "../../error.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import { Automaton, type Position } from "./automaton.ts";
import type { Constraint, ConstraintState } from "./constraint.ts";
import { parseGrammar } from "./grammar.ts";
import { JSON_OBJECT, schemaGrammar } from "./json-schema.ts";
import { buildNetwork } from "./network.ts";
import { parseRegex, regexGrammar } from "./regex.ts";
import { Vocabulary } from "./vocabulary.ts";

/** A constraint made ready for one vocabulary; as many answers as wanted start from it. */
export interface CompiledConstraint {
  start(): ConstraintState;
}

/** Largest text of a schema, expression or grammar: beyond, compiling could hold the process up. */
const LARGEST = 65_536;
/** Compiled constraints kept for each vocabulary. */
const KEPT = 32;

/**
 * Compiles a constraint for a vocabulary, or finds it compiled.
 * @throws UserError where the constraint is not well-formed, cannot be held to, or nothing can match it
 */
export function compileConstraint(constraint: Constraint, tokenizer: Tokenizer): CompiledConstraint {
  const key = keyOf(constraint);
  const { vocabulary, compiled } = knownOf(tokenizer, constraint.kind === "grammar" ? (constraint.marks ?? []) : []);
  const found = compiled.get(key);
  if (found !== undefined) {
    compiled.delete(key);
    compiled.set(key, found); // the newest is last
    return found;
  }
  const automaton = new Automaton(buildNetwork(parseGrammar(grammarOf(constraint)), vocabulary.writable));
  const made = { start: () => new Following(automaton, vocabulary) };
  compiled.set(key, made);
  if (compiled.size > KEPT) compiled.delete(compiled.keys().next().value!);
  return made;
}

/** Says what is wrong with a constraint whatever the vocabulary. @throws UserError */
export function checkConstraint(constraint: Constraint): void {
  parseGrammar(grammarOf(constraint));
}

/** The constraint as EBNF. @throws UserError */
function grammarOf(constraint: Constraint): string {
  switch (constraint.kind) {
    case "json_schema":
      return schemaGrammar(constraint.schema);
    case "json_object":
      return schemaGrammar(JSON_OBJECT);
    case "regex":
      return `root ::= ${regexGrammar(parseRegex(constraint.pattern), "text")}\n`;
    case "grammar":
      return constraint.grammar;
  }
}

function keyOf(constraint: Constraint): string {
  let key: string;
  try {
    key = JSON.stringify(constraint);
  } catch (error) {
    throw new UserError("The JSON schema is no plain JSON value.", {
      param: "schema",
      type: "invalid_request",
      cause: error,
    });
  }
  if (key.length > LARGEST) {
    throw new UserError(`The constraint is ${key.length} characters long; at most ${LARGEST} are compiled.`, {
      param: "constraint",
      type: "invalid_request",
    });
  }
  return key;
}

interface Known {
  readonly vocabulary: Vocabulary;
  readonly compiled: Map<string, CompiledConstraint>;
}

/** By tokenizer and marks. */
const vocabularies = new WeakMap<Tokenizer, Map<string, Known>>();

function knownOf(tokenizer: Tokenizer, marks: readonly string[]): Known {
  let byMarks = vocabularies.get(tokenizer);
  if (byMarks === undefined) {
    byMarks = new Map();
    vocabularies.set(tokenizer, byMarks);
  }
  const key = marks.join("\n");
  let known = byMarks.get(key);
  if (known === undefined) {
    known = { vocabulary: new Vocabulary(tokenizer, new Set(marks)), compiled: new Map() };
    byMarks.set(key, known);
  }
  return known;
}

class Following implements ConstraintState {
  readonly #automaton: Automaton;
  readonly #vocabulary: Vocabulary;
  #position: Position;

  constructor(automaton: Automaton, vocabulary: Vocabulary) {
    this.#automaton = automaton;
    this.#vocabulary = vocabulary;
    this.#position = automaton.start;
  }

  mask(logits: Float32Array, start: number, vocabulary: number): boolean {
    const words = this.#vocabulary.mask(this.#automaton, this.#position);
    let left = false;
    for (let v = 0; v < vocabulary; v++) {
      const word = v >> 5 < words.length ? words[v >> 5] : 0;
      if (((word >>> (v & 31)) & 1) === 1) left = true;
      else logits[start + v] = Number.NEGATIVE_INFINITY;
    }
    if (left) return true;
    throw new UserError("No token of this model's vocabulary can go on with the text under the constraint.", {
      param: "constraint",
      type: "invalid_request",
    });
  }

  allows(id: number): boolean {
    const words = this.#vocabulary.mask(this.#automaton, this.#position);
    return id >> 5 < words.length && ((words[id >> 5] >>> (id & 31)) & 1) === 1;
  }

  accept(id: number): boolean {
    let at: Position | null = this.#position;
    for (const byte of this.#vocabulary.bytesOf(id)) {
      at = this.#automaton.step(at, byte);
      if (at === null) return false;
    }
    this.#position = at;
    return true;
  }

  get mayEnd(): boolean {
    return this.#position.ends;
  }
}
