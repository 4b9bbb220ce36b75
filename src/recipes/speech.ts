/** How a stage speaks with the model it trains: as the procedural world does, or by a published model's own tokenizer and template. */
import { textFilesOf } from "../checkpoint/export.ts";
import { openModel } from "../checkpoint/open-model.ts";
import { usageError } from "../error.ts";
import { ChatDialogue } from "../generate/chat-dialogue.ts";
import type { Speaker } from "../text/dialogue.ts";
import { loadModelText } from "../text/model-text.ts";
import type { ModelFiles } from "../train/checkpoint.ts";
import { speaksWorld } from "./start-model.ts";
import { worldDialogue, worldFiles } from "./world.ts";

export interface Speech {
  readonly dialogue: Speaker;
  /** What stands beside the weights of its checkpoints. */
  readonly files: (positions: number) => ModelFiles;
  /** Of the procedural world: its questions, and the held-out ones, are made of this model's tokens. */
  readonly world: boolean;
  /** Whether prompts end inside an open think block; without one a response may be a bare answer. */
  readonly thinks: boolean;
}

export const worldSpeech = (): Speech => ({ dialogue: worldDialogue(), files: worldFiles, world: true, thinks: true });

/** The speech of a model. @throws UserError where it is none, or has a vocabulary of its own and no chat template */
export function speechOf(place: string): Speech {
  const model = openModel(place);
  try {
    if (speaksWorld(model)) return worldSpeech();
    const dialogue = new ChatDialogue(loadModelText(place), place);
    const extraFiles = textFilesOf(model);
    return { dialogue, files: () => ({ extraFiles }), world: false, thinks: dialogue.thinks };
  } finally {
    model.close();
  }
}

/** @throws UserError (usage) where a model of another vocabulary is to learn from the procedural world */
export function checkHasData(speech: Speech, data: string | null, lines: string): void {
  if (speech.world || data !== null) return;
  throw usageError(
    `the model has a vocabulary of its own, which the procedural tasks are not written in; name a file of ${lines} with --set data=FILE`,
    "data",
  );
}
