/** The engine in this page, without the server's help: the bundled model, loaded when it is first asked. */

import { BUNDLED_ABOUT, BUNDLED_ONE_QUESTION } from "../../src/generate/bundled.ts";
import { ApiFailure, type ModelInfo } from "../api/client.ts";
import type { ChatEvent, Token } from "../api/stream.ts";
import type { Settings } from "../chat/settings.ts";

/** The model's name in the page's list. */
export const IN_PAGE = "reckon-nano in this page";

/** What client.js of the engine gives, as far as it is used here; it is built apart, for any page (docs/toolchain.md). */
interface Engine {
  load(model: { readonly base: string }): Promise<Loaded>;
  ask(
    question: { readonly messages: readonly object[] },
    options: object,
    onDelta: (delta: { readonly reasoning: string; readonly content: string }) => void,
  ): Promise<Answer>;
}

interface Loaded {
  readonly context: number;
  readonly threads: number;
}

interface Info {
  readonly text: string;
  readonly logprob: number;
  readonly entropy: number | null;
  readonly thinking: boolean;
  readonly top: readonly { readonly text: string; readonly logprob: number }[];
}

interface Answer {
  readonly finish_reason: string;
  readonly logprobs: readonly Info[] | null;
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly reasoning_tokens: number;
  };
}

let engine: Promise<{ readonly engine: Engine; readonly loaded: Loaded }> | null = null;
const BUNDLED = { id: IN_PAGE, about: BUNDLED_ABOUT, one_question: BUNDLED_ONE_QUESTION };
let info: ModelInfo = BUNDLED;

/** As a model of the list; its context and threads are known once it is loaded. */
export const inPageModel = (): ModelInfo => info;

function start(): Promise<{ readonly engine: Engine; readonly loaded: Loaded }> {
  engine ??= (async () => {
    const at = (name: string): string => new URL(`engine/${name}`, document.baseURI).href;
    const { BrowserEngine } = await import(/* @vite-ignore */ at("client.js"));
    const started: Engine = new BrowserEngine(new URL(at("engine.js")));
    const loaded = await started.load({ base: at("model/") });
    info = { ...BUNDLED, context_length: loaded.context, threads: loaded.threads, usd_per_core_hour: 0.04 };
    return { engine: started, loaded };
  })();
  engine.catch(() => {
    engine = null;
  });
  return engine;
}

/**
 * So many answers, one after the other, as the server would tell them.
 * @throws ApiFailure; the signal's reason where it was aborted
 */
export async function* streamInPage(
  messages: readonly object[],
  settings: Settings,
  count: number,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const { engine: running } = await start().catch((error: unknown) => {
    throw new ApiFailure(`The engine does not start in this page: ${(error as Error).message}`, false);
  });
  const seed = settings.seed.trim() === "" ? Math.floor(Math.random() * 2 ** 31) : Number(settings.seed);
  for (let index = 0; index < count; index++) {
    const came: ChatEvent[] = [];
    let wake = (): void => undefined;
    const tell = (kind: "thinking" | "content", text: string): void => {
      if (text !== "") came.push({ kind, index, at: null, text, tokens: [] });
      wake();
    };
    const options = { ...optionsOf(settings), seed: seed + index, signal };
    let [answer, failure]: [Answer | null, Error | null] = [null, null];
    running
      .ask({ messages }, options, ({ reasoning, content }) => {
        tell("thinking", reasoning);
        tell("content", content);
      })
      .then(
        (whole) => {
          answer = whole;
          wake();
        },
        (error) => {
          failure = error;
          wake();
        },
      );
    while (answer === null && failure === null) {
      yield* came.splice(0);
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (came.length > 0 || answer !== null || failure !== null) resolve();
      });
    }
    yield* came.splice(0);
    if (signal.aborted) throw signal.reason;
    if (failure !== null) throw new ApiFailure((failure as Error).message, false);
    const { logprobs, finish_reason: reason, usage } = answer as unknown as Answer;
    const tokens = (thinking: boolean) => (logprobs ?? []).filter((one) => one.thinking === thinking).map(tokenOf);
    const late = { index, at: null, text: "", late: true } as const;
    yield { kind: "thinking", ...late, tokens: tokens(true) };
    yield { kind: "content", ...late, tokens: tokens(false) };
    yield { kind: "end", index, reason };
    if (index === count - 1) {
      const { prompt_tokens, completion_tokens, reasoning_tokens } = usage;
      yield {
        kind: "finish",
        usage: { prompt_tokens, completion_tokens, completion_tokens_details: { reasoning_tokens } },
      };
    }
  }
}

/** Tokens of thinking that each effort allows: the bundled model's context holds 512. */
const THOUGHTS: Readonly<Record<Settings["effort"], number | undefined>> = {
  none: 0,
  low: 64,
  medium: 128,
  high: 256,
  max: undefined,
};

function optionsOf(settings: Settings): object {
  const number = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text));
  const budget = settings.effort === "none" ? 0 : (number(settings.thinkingBudget) ?? THOUGHTS[settings.effort]);
  const options = {
    temperature: number(settings.temperature),
    topP: number(settings.topP),
    topK: number(settings.topK),
    minP: number(settings.minP),
    maxTokens: number(settings.maxTokens),
    thinkBudget: budget,
    ...(settings.tokens ? { logprobs: 5, entropy: true } : {}),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

const tokenOf = ({ text, logprob, entropy, top }: Info): Token => ({
  token: text,
  logprob,
  top: top.map((one) => ({ token: one.text, logprob: one.logprob })),
  ...(entropy === null ? {} : { entropy }),
});
