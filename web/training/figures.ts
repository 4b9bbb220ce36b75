/** Numbers as people read them. */

import { dollars as exactDollars } from "../chat/counts.ts";
import { visible } from "../markdown/visible.ts";

export function figure(value: unknown): string {
  if (typeof value !== "number" || !Number.isFinite(value))
    return value === null || value === undefined ? "–" : visible(String(value));
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

export const signed = (value: number | null): string =>
  value === null ? "–" : `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}`;

export const count = (value: number): string => value.toLocaleString("en-US");

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export const dollars = (usd: number | null): string => (usd === null ? "–" : exactDollars(usd));

export function duration(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return seconds < 172_800
    ? `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`
    : `${Math.round(seconds / 86_400)} days`;
}

/** @param at seconds since 1970 */
export function ago(at: number): string {
  const seconds = Math.max(0, Date.now() / 1000 - at);
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} days ago`;
}
