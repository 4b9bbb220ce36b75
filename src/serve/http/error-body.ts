/** An error in the shape of the API whose route was called: OpenAI's, Anthropic's or Ollama's. */
import type { ApiError, ErrorStatus } from "../errors.ts";

/** @param path of the request @param requestId Anthropic's bodies tell it too */
export function errorBody(path: string, error: ApiError, requestId: string | null): object {
  if (path.startsWith("/api/")) return { error: error.message };
  if (/^\/v1\/messages(\/|$)/.test(path)) {
    return {
      type: "error",
      error: { type: ANTHROPIC_TYPES[error.status], message: error.message },
      request_id: requestId,
    };
  }
  return error.body;
}

/** Anthropic has fewer kinds; what it has no name for is a request that cannot be. */
const ANTHROPIC_TYPES: Readonly<Record<ErrorStatus, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  408: "timeout_error",
  409: "invalid_request_error",
  410: "not_found_error",
  413: "request_too_large",
  415: "invalid_request_error",
  429: "rate_limit_error",
  431: "invalid_request_error",
  500: "api_error",
  501: "api_error",
  503: "overloaded_error",
};
