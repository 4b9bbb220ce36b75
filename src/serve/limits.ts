/** How much each client may ask in a minute: a bucket of requests and one of tokens, refilled evenly. */
import { ApiError } from "./errors.ts";

/** What a client may use in a minute; 0: as much as it likes. */
export interface Share {
  readonly requests: number;
  readonly tokens: number;
}

interface Bucket {
  left: number;
  at: number;
}

export class Limits {
  readonly #usual: Share;
  readonly #own: ReadonlyMap<string, Partial<Share>>;
  readonly #buckets = new Map<string, { readonly requests: Bucket; readonly tokens: Bucket }>();
  readonly #now: () => number;

  /**
   * Limits a minute; 0: none.
   * @param now milliseconds of a clock that never goes back
   * @param own limits of single clients
   */
  constructor(
    requests: number,
    tokens: number,
    now: () => number = () => performance.now(),
    own: ReadonlyMap<string, Partial<Share>> = new Map(),
  ) {
    this.#usual = { requests, tokens };
    this.#own = own;
    this.#now = now;
  }

  /**
   * Counts a request. Tokens are counted once they are known, so that one request may overdraw and the next ones wait.
   * @returns headers that tell what is left @throws ApiError 429
   */
  admit(client: string): Readonly<Record<string, string>> {
    const share = this.#shareOf(client);
    if (share.requests === 0 && share.tokens === 0) return {};
    const { requests, tokens } = this.#of(client, share);
    const headers: Record<string, string> = {};
    this.#check(requests, share.requests, 1, "requests", headers);
    this.#check(tokens, share.tokens, 0, "tokens", headers);
    if (share.requests > 0) {
      requests.left -= 1;
      headers["x-ratelimit-remaining-requests"] = String(Math.floor(requests.left));
    }
    return headers;
  }

  /** Counts the tokens a request has read and written. */
  spend(client: string, tokens: number): void {
    const share = this.#shareOf(client);
    if (share.tokens > 0) this.#of(client, share).tokens.left -= tokens;
  }

  #check(bucket: Bucket, limit: number, needed: number, what: string, headers: Record<string, string>): void {
    if (limit === 0) return;
    const missing = needed > 0 ? needed - bucket.left : bucket.left > 0 ? 0 : 1 - bucket.left;
    headers[`x-ratelimit-limit-${what}`] = String(limit);
    headers[`x-ratelimit-remaining-${what}`] = String(Math.max(0, Math.floor(bucket.left)));
    headers[`x-ratelimit-reset-${what}`] = `${Math.ceil(((limit - bucket.left) * 60) / limit)}s`;
    if (missing <= 0) return;
    throw new ApiError(429, `The limit of ${limit} ${what} a minute is reached; slow down.`, {
      code: "rate_limit_exceeded",
      retryAfter: (missing * 60) / limit,
      headers,
    });
  }

  #shareOf(client: string): Share {
    const own = this.#own.get(client);
    return own === undefined
      ? this.#usual
      : { requests: own.requests ?? this.#usual.requests, tokens: own.tokens ?? this.#usual.tokens };
  }

  #of(client: string, share: Share): { readonly requests: Bucket; readonly tokens: Bucket } {
    const now = this.#now();
    let found = this.#buckets.get(client);
    if (found === undefined) {
      if (this.#buckets.size >= 10_000) this.#forgetFull(now);
      found = { requests: { left: share.requests, at: now }, tokens: { left: share.tokens, at: now } };
      this.#buckets.set(client, found);
    }
    refill(found.requests, share.requests, now);
    refill(found.tokens, share.tokens, now);
    return found;
  }

  /** Those who have not asked for a minute are as new. */
  #forgetFull(now: number): void {
    for (const [client, { requests }] of this.#buckets) if (now - requests.at > 60_000) this.#buckets.delete(client);
  }
}

function refill(bucket: Bucket, limit: number, now: number): void {
  bucket.left = Math.min(limit, bucket.left + ((now - bucket.at) * limit) / 60_000);
  bucket.at = now;
}
