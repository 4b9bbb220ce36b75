/**
 * Responses that others may follow: kept in SQLite, in a file or in memory, the oldest dropped beyond a number. Each holds its own
 * input and output and the name of the one before, so that a conversation is kept once however long it gets.
 */
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../error.ts";
import { ApiError } from "../errors.ts";
import type { OutputItem, ResponseBody } from "./items.ts";
import type { InputItem } from "./schema.ts";

export interface StoredResponse {
  readonly id: string;
  readonly previous: string | null;
  readonly input: readonly InputItem[];
  readonly response: ResponseBody;
}

export class ResponseStore {
  readonly #database: DatabaseSync;
  readonly #most: number;

  /** @param file null: in memory @param most how many are kept @throws UserError where the file cannot be opened */
  constructor(file: string | null, most: number) {
    this.#most = most;
    try {
      this.#database = new DatabaseSync(file ?? ":memory:");
      this.#database.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         CREATE TABLE IF NOT EXISTS responses (
           number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, previous TEXT,
           input TEXT NOT NULL, response TEXT NOT NULL)`,
      );
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new UserError(`The store ${JSON.stringify(file)} cannot be opened: ${why}.`, { param: "--store", cause });
    }
  }

  put(owner: string, { id, previous, input, response }: StoredResponse): void {
    this.#database
      .prepare("INSERT INTO responses (id, owner, previous, input, response) VALUES (?, ?, ?, ?, ?)")
      .run(id, owner, previous, JSON.stringify(input), JSON.stringify(response));
    this.#database
      .prepare("DELETE FROM responses WHERE number <= (SELECT max(number) FROM responses) - ?")
      .run(this.#most);
  }

  /** @throws ApiError 404 where there is none, or it is somebody else's */
  get(owner: string, id: string): StoredResponse {
    const found = this.#row(owner, id);
    if (found === null) throw notFound(id);
    return found;
  }

  /** @throws ApiError 404 */
  delete(owner: string, id: string): void {
    const { changes } = this.#database.prepare("DELETE FROM responses WHERE id = ? AND owner = ?").run(id, owner);
    if (changes === 0) throw notFound(id);
  }

  /** All that was said up to and with a response, oldest first. @throws ApiError 404 where some of it is not kept (any more) */
  conversation(owner: string, id: string): readonly InputItem[] {
    const turns: (readonly InputItem[])[] = [];
    for (let at: string | null = id; at !== null; ) {
      const row = this.#row(owner, at);
      if (row === null) {
        throw new ApiError(
          404,
          `The response ${JSON.stringify(at)} is not kept here (any more); send its items as input.`,
          {
            code: "previous_response_not_found",
            param: "previous_response_id",
          },
        );
      }
      turns.push([...row.input, ...row.response.output.map(asInput)]);
      at = row.previous;
    }
    return turns.reverse().flat();
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #row(owner: string, id: string): StoredResponse | null {
    const row = this.#database.prepare("SELECT * FROM responses WHERE id = ? AND owner = ?").get(id, owner);
    if (row === undefined) return null;
    return {
      id,
      previous: row.previous as string | null,
      input: JSON.parse(row.input as string),
      response: JSON.parse(row.response as string),
    };
  }
}

const notFound = (id: string): ApiError =>
  new ApiError(404, `There is no response ${JSON.stringify(id)}.`, {
    code: "response_not_found",
    param: "response_id",
  });

/** What was put out has the forms input has. */
const asInput = (item: OutputItem): InputItem => item as InputItem;
