/** When to ask a server again: what may pass by itself, how long to wait, and what the server itself asks for. */

/** A failure that may pass: too many requests, a server that restarts, a connection that broke. */
export class Passing extends Error {
  override readonly name = "Passing";
  /** Seconds the server asked to wait; null where it named none. */
  readonly wait: number | null;
  /** The server refuses everybody for now: all requests wait. */
  readonly limited: boolean;
  /** Nobody listens there. */
  readonly unreachable: boolean;

  constructor(message: string, options: { wait?: number | null; limited?: boolean; unreachable?: boolean } = {}) {
    super(message);
    this.wait = options.wait ?? null;
    this.limited = options.limited ?? false;
    this.unreachable = options.unreachable ?? false;
  }
}

/** Statuses that may pass: timeout, too early, too many, server errors but "not implemented", overloaded (529). */
export const isPassing = (status: number): boolean =>
  [408, 409, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505);

const FIRST_SECONDS = 0.5;
const MOST_SECONDS = 60;
/** A server that asks for more than this is not worth waiting for. */
export const LONGEST_WAIT = 600;

/**
 * Seconds before attempt `attempt` (from 1): what the server asked for, else twice as long each time, up to a minute; in both cases
 * with jitter on top, so that many requests do not come back at once.
 */
export function delayBefore(attempt: number, wait: number | null, random: () => number): number {
  const doubled = Math.min(MOST_SECONDS, FIRST_SECONDS * 2 ** (attempt - 1));
  if (wait === null) return doubled * (0.5 + 0.5 * random());
  return wait + Math.min(doubled, 1) * random();
}

/** Seconds of `retry-after-ms`, or of `retry-after` as seconds or as a date; null where neither says anything sensible. */
export function retryAfter(headers: { get(name: string): string | null }, nowMs: number): number | null {
  const ms = Number.parseFloat(headers.get("retry-after-ms") ?? "");
  if (ms >= 0) return ms / 1000;
  const text = headers.get("retry-after");
  if (text === null) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, (at - nowMs) / 1000);
}
