/** What is told of a run's samples, by the server and in the page. */

/** A row of the table; texts are the file's, cut short. */
export interface SampleRow {
  readonly id: number;
  readonly step: number;
  readonly group: number;
  readonly task: string;
  readonly prompt_id: number;
  readonly reward: number | null;
  readonly advantage: number | null;
  readonly tokens: number;
  /** Mean over the tokens, in nats. */
  readonly entropy: number | null;
  readonly logp: number | null;
  readonly truncated: boolean;
  readonly prompt: string;
  readonly response: string;
  readonly rewards: Readonly<Record<string, number | null>> | null;
  readonly reason: string | null;
}

export interface SamplePage {
  readonly total: number;
  /** Names the state of the table; the same query with it pages through the same rows while more are being written. */
  readonly version: number;
  readonly rows: readonly SampleRow[];
}

/** How far the run's files are read, where the table is not yet up to them. */
export interface Reading {
  readonly samples: number;
  /** Samples there will be, by the bytes left to read. */
  readonly about: number;
}
