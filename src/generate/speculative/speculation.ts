/** What guessing came to. */
export interface Speculation {
  /** Steps of the model after the prompt. */
  readonly steps: number;
  /** Tokens guessed, and how many of them were right. */
  readonly drafted: number;
  readonly accepted: number;
}
