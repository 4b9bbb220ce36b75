/** The server's API as the page uses it. Every failure becomes one sentence that can be shown. */

export interface ModelInfo {
  readonly id: string;
  /** Tokens of prompt and answer together; absent until the model is loaded. */
  readonly context_length?: number;
  /** Threads that compute, and the price of each for an hour; absent until the model is loaded. */
  readonly threads?: number;
  readonly usd_per_core_hour?: number;
  /** The model that this is another name of. */
  readonly alias_of?: string;
  /** What it can be asked, in a sentence. */
  readonly about?: string;
  /** It was trained on single questions: a conversation, or a system prompt, misleads it. */
  readonly one_question?: boolean;
}

export interface Verdict {
  readonly correct: boolean;
  readonly reason: string;
  readonly gold: string;
  readonly answer: string;
}

/** A failure in words, whether asking again may help, and whether it was that the server was not there. */
export class ApiFailure extends Error {
  readonly mayRetry: boolean;
  readonly unreachable: boolean;
  constructor(message: string, mayRetry: boolean, unreachable: boolean = mayRetry) {
    super(message);
    this.mayRetry = mayRetry;
    this.unreachable = unreachable;
  }
}

/** @throws ApiFailure */
export async function request(path: string, key: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json", ...authorization(key) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiFailure("The server cannot be reached. It may have been stopped; start it again and retry.", true);
  }
  if (response.ok) return response;
  throw new ApiFailure(await messageOf(response), response.status >= 500 || response.status === 429, false);
}

/** @throws ApiFailure */
export async function listModels(key: string): Promise<readonly ModelInfo[]> {
  const { data } = (await (await request("/v1/models", key)).json()) as { readonly data: readonly ModelInfo[] };
  return data;
}

/** Judges an answer against a gold one. @throws ApiFailure */
export async function verifyAnswer(gold: string, answer: string, key: string): Promise<Verdict> {
  return (await request("/v1/verify", key, { gold, answer })).json() as Promise<Verdict>;
}

/** Ends the thinking of an answer under way; its stream goes on with the answer. @throws ApiFailure */
export async function endThinking(id: string, key: string): Promise<void> {
  await request(`/v1/chat/completions/${id}/end-thinking`, key, {});
}

/** Ends an answer under way. One that cannot be reached has ended, or will. */
export function cancelAnswer(id: string, key: string): void {
  fetch(`/v1/chat/completions/${id}`, { method: "DELETE", headers: authorization(key) }).catch(() => undefined);
}

const authorization = (key: string): Record<string, string> => (key === "" ? {} : { authorization: `Bearer ${key}` });

async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return JSON.parse(text).error.message;
  } catch {
    return `The server answered with ${response.status}.`;
  }
}
