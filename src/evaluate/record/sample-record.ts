/** A line of an items file: one answer, judged, with what judging it again needs. */
import type { Finish } from "../../generate/sequence.ts";
import { answerOf, type Parts, type Question, type Response } from "../item.ts";
import type { Settings } from "./settings.ts";

/** What a session had used up by the time a line was written. */
export interface Clock {
  /** Counts from 0; an evaluation that went on after an interruption has several. */
  readonly session: number;
  readonly seconds: number;
  /** Wall seconds times the threads that computed; null where another machine did. */
  readonly core_seconds: number | null;
  /** Of the processor's energy counters, everything on the machine together; null where they cannot be read. */
  readonly joules: number | null;
}

export interface SampleRecord {
  readonly id: string;
  /** Which of the item's answers, from 0. */
  readonly sample: number;
  readonly group: string;
  readonly variant?: string;
  readonly question?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** In the item's first answer alone. */
  readonly prompt?: string;
  readonly gold: string;
  readonly response: string;
  readonly answer: string | null;
  readonly correct: boolean;
  readonly score: number;
  readonly format: number;
  readonly reason: string;
  readonly parts?: Parts;
  readonly finish_reason: Finish;
  readonly tokens: {
    readonly prompt: number | null;
    readonly cached: number | null;
    readonly completion: number | null;
    readonly thinking: number | null;
  };
  readonly seconds: number | null;
  readonly clock: Clock;
  /** In the file's first line alone. */
  readonly evaluation?: Settings;
}

/** The line of an answer. */
export function sampleRecord(
  item: Question,
  sample: number,
  response: Response,
  clock: Clock,
  settings?: Settings,
): SampleRecord {
  const { id, group, variant, question, labels, prompt, gold } = item;
  return {
    id,
    sample,
    group,
    ...(variant === null ? {} : { variant }),
    ...(question === id ? {} : { question }),
    ...(labels === undefined ? {} : { labels }),
    ...(sample === 0 ? { prompt } : {}),
    gold,
    response: response.text,
    answer: response.answer === undefined ? answerOf(response.text) || null : response.answer,
    correct: response.accuracy === 1,
    score: response.accuracy,
    format: response.format,
    reason: response.reason,
    ...(response.parts === undefined ? {} : { parts: response.parts }),
    finish_reason: response.finish,
    tokens: {
      prompt: known(response.promptTokens),
      cached: known(response.cachedTokens),
      completion: known(response.tokens),
      thinking: known(response.thinking),
    },
    seconds: known(response.seconds),
    clock,
    ...(settings === undefined ? {} : { evaluation: settings }),
  };
}

/** The response a line tells of. */
export function responseOf(record: SampleRecord): Response {
  const { tokens } = record;
  return {
    text: record.response,
    accuracy: record.score,
    format: record.format,
    reason: record.reason,
    ...(record.parts === undefined ? {} : { parts: record.parts }),
    answer: record.answer,
    finish: record.finish_reason,
    tokens: tokens.completion ?? Number.NaN,
    thinking: tokens.thinking ?? Number.NaN,
    promptTokens: tokens.prompt ?? Number.NaN,
    cachedTokens: tokens.cached ?? Number.NaN,
    seconds: record.seconds ?? Number.NaN,
  };
}

const known = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value;
