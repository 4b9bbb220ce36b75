/** What an engine is started with and what can be seen of its life. */
import type { ModelSession } from "../session.ts";
import type { EngineObserver } from "./handle.ts";

export interface EngineOptions {
  /** Answers written at once. Default 8. */
  readonly slots?: number;
  /** Positions of a slot, prompt and answer together. Default: the model's own, at most 4,096. */
  readonly context?: number;
  /** Answers that may wait for a slot. Default 64. */
  readonly queue?: number;
  /** Bytes for beginnings of prompts whose slot went to another request. Default 256 MiB. */
  readonly saveBytes?: number;
  /** Tokens guessed ahead in a step that writes one answer; each further answer takes one away. Default 0: none. */
  readonly speculate?: number;
  /** Events a slow reader may be behind before its request pauses. Default 256. */
  readonly buffer?: number;
  /** How long a paused request keeps its slot. Default a minute. */
  readonly stallMs?: number;
  /** Opens the model again after the engine broke. Left out: it stays down. */
  readonly reopen?: () => Promise<ModelSession>;
  readonly observer?: EngineObserver;
}

export type EngineState = "ready" | "restarting" | "failed" | "draining" | "closed";
