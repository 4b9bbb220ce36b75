/**
 * What providers ask for tokens, each row with its date and where it was published. Prices change: an amount is only as good as its
 * date, which is stated wherever an amount is shown. `--price` overrides the table.
 */

/** US dollars for a million tokens. Thinking is billed as output. */
export interface Price {
  readonly input: number;
  /** For input that the provider's cache held; null: as `input`. */
  readonly cached: number | null;
  readonly output: number;
  /** Since when, or when it was read. */
  readonly date: string;
  readonly source: string;
}

export interface ListedPrice extends Price {
  /** Names the model goes by on the API. */
  readonly models: readonly string[];
  /** Host whose price it is. */
  readonly host: string;
  readonly remark?: string;
}

const DEEPSEEK = "api-docs.deepseek.com/quick_start/pricing-details-usd";
const OPENAI = "openai.com/api/pricing";

/** Newest last where a model has several. */
export const PRICES: readonly ListedPrice[] = [
  {
    models: ["deepseek-reasoner"],
    host: "api.deepseek.com",
    input: 0.55,
    cached: 0.14,
    output: 2.19,
    date: "2025-01-20",
    source: DEEPSEEK,
    remark: "DeepSeek-R1 at launch; from February 2025 off-peak hours (UTC 16:30 to 00:30) cost a quarter",
  },
  {
    models: ["deepseek-chat"],
    host: "api.deepseek.com",
    input: 0.27,
    cached: 0.07,
    output: 1.1,
    date: "2025-02-08",
    source: DEEPSEEK,
    remark: "DeepSeek-V3 after its introductory price",
  },
  {
    models: ["o1", "o1-2024-12-17"],
    host: "api.openai.com",
    input: 15,
    cached: 7.5,
    output: 60,
    date: "2024-12-17",
    source: OPENAI,
  },
  {
    models: ["o1-mini"],
    host: "api.openai.com",
    input: 1.1,
    cached: 0.55,
    output: 4.4,
    date: "2025-01-31",
    source: OPENAI,
  },
  {
    models: ["o3-mini"],
    host: "api.openai.com",
    input: 1.1,
    cached: 0.55,
    output: 4.4,
    date: "2025-01-31",
    source: OPENAI,
  },
  {
    models: ["@cf/deepseek-ai/deepseek-r1-distill-qwen-32b"],
    host: "api.cloudflare.com",
    input: 0.497,
    cached: null,
    output: 4.881,
    date: "2026",
    source: "developers.cloudflare.com/workers-ai/platform/pricing",
    remark: "as third parties quoted it",
  },
];

/** DeepSeek-R1's price at launch, for comparisons. */
export const R1_PRICE: ListedPrice = PRICES[0]!;

/** The newest listed price of a model on a server; null where there is none: a model's name alone says nothing about whose price it is. */
export function listedPrice(model: string, server: string): ListedPrice | null {
  const { hostname } = new URL(server);
  return PRICES.findLast(({ models, host }) => models.includes(model) && hostname === host) ?? null;
}

/** Tokens of an evaluation as they are billed. */
export interface BilledTokens {
  readonly prompt: number;
  /** Part of `prompt`. */
  readonly cached: number;
  readonly completion: number;
}

/** Dollars for tokens at a price. */
export const dollarsFor = ({ prompt, cached, completion }: BilledTokens, price: Price): number =>
  ((prompt - cached) * price.input + cached * (price.cached ?? price.input) + completion * price.output) / 1e6;
