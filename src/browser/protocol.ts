/** What a page and the engine's worker say to each other. Everything is plain data, since it is copied between them. */
import type { Answer } from "../generate/answer.ts";
import type { CompleteOptions } from "../generate/answer-options.ts";
import type { Question } from "../generate/session.ts";
import type { TrainedStep, TrainSettings } from "./train.ts";

/**
 * A model to load: a folder that `reckon export --web` wrote (`base` ends with a slash; its files.json lists the files), or files by name,
 * each an address or its bytes: those of a Hugging Face folder, or one GGUF file (its parts, where it is split).
 */
export type BrowserModel =
  | { readonly base: string }
  | { readonly name: string; readonly files: Readonly<Record<string, string | ArrayBuffer | Blob>> };

/** Options of an answer that can be sent: all but the signal (send `stop`) and several answers at once. */
export type AskOptions = Omit<CompleteOptions, "signal" | "n">;

/** `id` is the page's and comes back with every reply. */
export type EngineRequest = { readonly id: number } & (
  | { readonly kind: "load"; readonly model: BrowserModel; readonly threads?: number }
  | { readonly kind: "ask"; readonly question: Question; readonly options: AskOptions }
  | { readonly kind: "train"; readonly model: BrowserModel; readonly settings: TrainSettings }
  | { readonly kind: "stop"; readonly of: number }
  /** Halts a training after the step it is in, or lets it go on. */
  | { readonly kind: "pause"; readonly of: number; readonly on: boolean }
);

/** `done` or `failed` is the last reply to a request. */
export type EngineReply = { readonly id: number } & (
  | { readonly kind: "progress"; readonly loaded: number; readonly total: number }
  | { readonly kind: "delta"; readonly reasoning: string; readonly content: string }
  | { readonly kind: "step"; readonly step: TrainedStep }
  | { readonly kind: "done"; readonly value: LoadedInfo | Answer | null }
  | { readonly kind: "failed"; readonly error: EngineError }
);

export interface EngineError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
}

/** What was loaded, and how it runs. */
export interface LoadedInfo {
  readonly name: string;
  readonly quantization: string;
  readonly context: number;
  readonly parameters: number;
  readonly threads: number;
  readonly loadMs: number;
  /** The model can be asked; without a chat template it only continues texts. */
  readonly chats: boolean;
}
