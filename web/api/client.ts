/** The server's API as the page uses it. Every failure becomes one sentence that can be shown. */

export interface ModelInfo {
  readonly id: string;
  /** Tokens of prompt and answer together; absent until the model is loaded. */
  readonly context_length?: number;
}

export interface Verdict {
  readonly correct: boolean;
  readonly reason: string;
  readonly gold: string;
  readonly answer: string;
}

/** A failure in words, and whether asking again may help. */
export class ApiFailure extends Error {
  readonly mayRetry: boolean;
  constructor(message: string, mayRetry: boolean) {
    super(message);
    this.mayRetry = mayRetry;
  }
}

/** @throws ApiFailure */
export async function request(path: string, key: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json", ...(key === "" ? {} : { authorization: `Bearer ${key}` }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiFailure("The server cannot be reached. It may have been stopped; start it again and retry.", true);
  }
  if (response.ok) return response;
  throw new ApiFailure(await messageOf(response), response.status >= 500 || response.status === 429);
}

/** @throws ApiFailure */
export async function listModels(key: string): Promise<readonly ModelInfo[]> {
  return (await (await request("/v1/models", key)).json()).data;
}

/** Judges an answer against a gold one. @throws ApiFailure */
export async function verifyAnswer(gold: string, answer: string, key: string): Promise<Verdict> {
  return (await request("/v1/verify", key, { gold, answer })).json();
}

async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return JSON.parse(text).error.message;
  } catch {
    return `The server answered with ${response.status}.`;
  }
}
