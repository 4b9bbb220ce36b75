/**
 * Every error of the HTTP side in OpenAI's shape, with a stable code a program can act on. What went wrong inside is logged, never
 * sent: a client learns only what it can do something about.
 */
import { UserError } from "../error.ts";

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 408 | 409 | 410 | 413 | 415 | 429 | 431 | 500 | 501 | 503;

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
    readonly [more: string]: unknown;
  };
}

export interface ApiErrorOptions {
  readonly code: string;
  /** Left out: what goes with the status. */
  readonly type?: string;
  /** The field that is wrong, as in `messages[0].role`. */
  readonly param?: string | null;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further fields of the error object. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: ErrorStatus;
  readonly code: string;
  readonly type: string;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly #more: Readonly<Record<string, unknown>>;

  constructor(status: ErrorStatus, message: string, options: ApiErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.code = options.code;
    this.type = options.type ?? TYPES[status];
    this.param = options.param ?? null;
    this.#more = options.more ?? {};
    this.headers =
      options.retryAfter === undefined
        ? (options.headers ?? {})
        : { ...options.headers, "retry-after": String(Math.max(1, Math.ceil(options.retryAfter))) };
  }

  get body(): ErrorBody {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code, ...this.#more } };
  }
}

/** A field has a value that cannot be used: 400. */
export const invalid = (message: string, param: string | null, code = "invalid_value"): ApiError =>
  new ApiError(400, message, { code, param });

/** Anything thrown as what the client is told. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof UserError) return fromUserError(error);
  return new ApiError(500, "The server failed at this request; its log says why.", {
    code: "internal_error",
    cause: error,
  });
}

/** OpenAI's and llama-server's names. */
const TYPES: Readonly<Record<ErrorStatus, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  408: "invalid_request_error",
  409: "invalid_request_error",
  410: "not_found_error",
  413: "invalid_request_error",
  415: "invalid_request_error",
  429: "rate_limit_error",
  431: "invalid_request_error",
  500: "server_error",
  501: "not_supported_error",
  503: "unavailable_error",
};

/** UserErrors that say what is wrong with the request; the others say what is wrong with the server's model or machine. */
const OF_THE_REQUEST: ReadonlySet<string> = new Set([
  "usage_error",
  "invalid_request",
  "invalid_messages",
  "invalid_text",
  "invalid_token",
  "invalid_constraint",
  "context_length_exceeded",
]);

function fromUserError(error: UserError): ApiError {
  const { message, type, param } = error;
  if (type === "queue_full") return new ApiError(429, message, { code: type, retryAfter: 1, cause: error });
  if (type === "out_of_memory") return new ApiError(503, message, { code: type, cause: error });
  if (type === "deadline") return new ApiError(503, message, { code: "deadline_exceeded", cause: error });
  if (type === "draining" || type === "engine_failed" || type === "loading")
    return new ApiError(503, message, { code: type, retryAfter: 2, cause: error });
  if (error.exitCode === 2 || OF_THE_REQUEST.has(type)) {
    const code = type === "usage_error" || type === "invalid_request" ? "invalid_value" : type;
    return new ApiError(400, message, { code, param, cause: error });
  }
  return new ApiError(500, message, { code: type, cause: error });
}
