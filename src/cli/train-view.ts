/**
 * What a person sees of training, on standard error: the stage with its steps, the time left and the last steps' rewards as bars, and now
 * and then an answer with its reward parts. On a terminal the line redraws itself; elsewhere it is a plain line every few seconds.
 */
import type { StageListener } from "../recipes/stage.ts";
import type { JsonRecord } from "../train/jsonl.ts";
import { printJson } from "./output.ts";
import { type Progress, type ProgressStream, sparkline, startProgress } from "./progress.ts";

export interface TrainView extends StageListener, Disposable {
  end(): void;
}

/** @param json also a line a step on standard output */
export function trainView(
  json: boolean,
  stream: ProgressStream = process.stderr,
  now: () => number = () => performance.now() / 1000,
): TrainView {
  let progress: Progress | null = null;
  let done = 0;
  let rewards: number[] = [];
  let shown = now();
  const end = (): void => {
    progress?.finish();
    progress = null;
  };
  return {
    begin(stage, from, total) {
      end();
      done = from;
      rewards = [];
      progress = startProgress({ label: stage, total, unit: "step", start: from, stream, now });
    },
    step(metrics) {
      done++;
      if (typeof metrics.reward === "number") rewards.push(metrics.reward);
      progress?.update(done, `${sparkline(rewards.slice(-16))}${remark(metrics)}`);
      if (json) printJson(metrics);
    },
    note(text) {
      if (progress === null) stream.write(`${text}\n`);
      else progress.line(text);
    },
    sample({ prompt, response, parts, reward }) {
      if (now() - shown < SAMPLE_EVERY) return;
      shown = now();
      const judged = Object.entries(parts).filter(([, value]) => !Number.isNaN(value));
      const earned = judged.map(([name, value]) => `${name} ${Number(value.toFixed(2))}`).join(", ");
      progress?.line(`  ${oneLine(prompt)} -> ${oneLine(response)}\n  reward ${Number(reward.toFixed(2))}: ${earned}`);
    },
    end,
    [Symbol.dispose]: end,
  };
}

/** Seconds. */
const SAMPLE_EVERY = 20;

/** A sampled text on one line; what it holds of a terminal's control characters must not reach the terminal. */
const oneLine = (text: string): string => {
  const line = text.replaceAll("\n", " / ").replace(/\p{Cc}/gu, "\u{fffd}");
  return line.length > 160 ? `${line.slice(0, 157)}...` : line;
};

function remark(metrics: JsonRecord): string {
  const figure = (key: string, digits: number) =>
    typeof metrics[key] === "number" ? metrics[key].toFixed(digits) : "-";
  const rate = Number(metrics.tokens) / Number(metrics.step_time);
  const speed = Number.isFinite(rate) ? `  ${Math.round(rate)} tok/s` : "";
  if ("reward" in metrics) {
    return `reward ${figure("reward", 3)}  thinking ${figure("completions/mean_thinking", 0)}  entropy ${figure("entropy", 3)}${speed}`;
  }
  return `loss ${figure("loss", 3)}${speed}`;
}
