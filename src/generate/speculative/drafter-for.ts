/**
 * Who guesses for a model: its own prediction module where it has one, which on the bundled model is right four times in five, else the
 * text itself. Asking the text first and then the module made more wrong guesses (docs/decisions/013-control.md).
 */
import type { KvCache } from "../../model/cache.ts";
import type { Decoder } from "../../model/decoder.ts";
import { type Drafter, PromptLookup } from "./drafter.ts";
import { PredictionModule } from "./prediction-module.ts";

export const drafterFor =
  (decoder: Decoder) =>
  (cache: KvCache): Drafter =>
    PredictionModule.of(decoder, cache) ?? new PromptLookup();
