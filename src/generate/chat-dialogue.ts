/** Questions and responses as token ids by a published model's own tokenizer and chat template: prompts exactly as serving makes them. */
import { UserError } from "../error.ts";
import type { Speaker } from "../text/dialogue.ts";
import type { ModelText } from "../text/model-text.ts";
import { endsInsideThink, reasoningFormatOf, THINK_TAGS } from "../text/reasoning.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { chatPrompt } from "./prompt.ts";

export class ChatDialogue implements Speaker {
  readonly stopIds: readonly number[];
  /** Whether the template ends prompts inside an open think block, so that a response begins with thinking. */
  readonly thinks: boolean;
  readonly #tokenizer: Tokenizer;
  readonly #template: string;
  readonly #open: string;
  readonly #close: string;

  /** @throws UserError where the model has no chat template or no end-of-sequence token */
  constructor({ tokenizer, template }: ModelText, name: string) {
    const own = template();
    if (own === null || tokenizer.eosIds.length === 0)
      throw new UserError(
        `The model ${name} has no ${own === null ? "chat template" : "end-of-sequence token"}, so questions and answers cannot be told apart; train an instruct model, or put its chat_template.jinja beside the weights.`,
        { param: "--model", type: "no_template" },
      );
    const tags = reasoningFormatOf(own, tokenizer) ?? THINK_TAGS;
    this.#tokenizer = tokenizer;
    this.#template = own;
    this.stopIds = tokenizer.eosIds;
    this.#open = tags.open;
    this.#close = tags.close;
    this.thinks = endsInsideThink(chatPrompt(tokenizer, own, [{ role: "user", content: "?" }]).text, tags);
  }

  prompt(question: string): number[] {
    return [...chatPrompt(this.#tokenizer, this.#template, [{ role: "user", content: question }]).ids];
  }

  /** `<think>`, thinking and `</think>` on lines of their own where there is thinking, then the answer and the end-of-sequence token. */
  response(thinking: string, answer: string): number[] {
    const opened = this.thinks ? "" : `${this.#open}\n`;
    const thought = thinking === "" && !this.thinks ? "" : `${opened}${thinking}\n${this.#close}\n\n`;
    const marks = this.#tokenizer.encode(thought, { parseSpecial: true });
    return [...marks, ...this.#tokenizer.encode(answer), this.stopIds[0]!];
  }

  text(ids: readonly number[]): string {
    const ended = this.stopIds.includes(ids.at(-1) ?? -1);
    return this.#tokenizer.decode(ended ? ids.slice(0, -1) : ids);
  }

  /** The share of the tokens that the text before the closing tag is, by characters: the tag may be several tokens, or part of some. */
  thinkingLength(ids: readonly number[]): number {
    const text = this.text(ids);
    const end = text.indexOf(this.#close);
    if (end < 0) return this.thinks ? ids.length : 0;
    return Math.round((ids.length * end) / Math.max(1, text.length));
  }
}
