// How far long work has come, on standard error: a bar that redraws itself on a terminal, and elsewhere (a log, CI) a plain
// line every few seconds.
import { formatCount, formatDuration } from "./humane.ts";

/** Where progress is drawn; process.stderr is one. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  /** What is going on, such as "training". */
  readonly label: string;
  /** How many units there will be; unknown when left out, and then there is a rate but no bar. */
  readonly total?: number;
  /** The unit of the rate, such as "tok". */
  readonly unit?: string;
  /** Units done before this process began (a resumed run), so that the rate counts only ours. */
  readonly start?: number;
  readonly stream?: ProgressStream;
  /** Seconds. */
  readonly now?: () => number;
}

export interface Progress extends Disposable {
  /** Says how many units are done, with a short remark such as "loss 1.23". Cheap enough to call at every step. */
  update(done: number, remark?: string): void;
  /** Prints a line of its own without breaking the bar. */
  line(text: string): void;
  /** Draws the last state and ends the line. Disposing does the same. */
  finish(): void;
}

/** What a bar shows, as a value. */
export interface ProgressState {
  readonly label: string;
  readonly total: number | undefined;
  readonly unit: string;
  readonly done: number;
  /** Units a second, NaN while unknown. */
  readonly rate: number;
  readonly elapsed: number;
  readonly remark: string;
}

/** Starts showing progress. */
export function startProgress(options: ProgressOptions): Progress {
  const stream = options.stream ?? process.stderr;
  const now = options.now ?? (() => performance.now() / 1000);
  const redraws = stream.isTTY === true;
  const interval = redraws ? 0.1 : 5;
  const began = now();
  const first = options.start ?? 0;
  let done = first;
  let remark = "";
  let drawn = redraws ? Number.NEGATIVE_INFINITY : began;
  let drawnDone = Number.NaN;
  let finished = false;

  const state = (): ProgressState => {
    const elapsed = now() - began;
    const rate = elapsed > 0 && done > first ? (done - first) / elapsed : Number.NaN;
    return { label: options.label, total: options.total, unit: options.unit ?? "", done, rate, elapsed, remark };
  };
  const draw = (): void => {
    drawn = now();
    drawnDone = done;
    // \x1b[K clears what a longer line left behind.
    stream.write(redraws ? `\r${renderBar(state(), (stream.columns ?? 80) - 1)}\x1b[K` : `${renderLine(state())}\n`);
  };
  const finish = (): void => {
    if (finished) {
      return;
    }
    finished = true;
    if (redraws || done !== drawnDone) {
      draw();
    }
    if (redraws) {
      stream.write("\n");
    }
  };
  return {
    update(count, text) {
      done = count;
      remark = text ?? remark;
      if (!finished && now() - drawn >= interval) {
        draw();
      }
    },
    line(text) {
      stream.write(redraws && !finished ? `\r\x1b[K${text}\n` : `${text}\n`);
      if (redraws && !finished) {
        draw();
      }
    },
    finish,
    [Symbol.dispose]: finish,
  };
}

const BARS = "▁▂▃▄▅▆▇█";

/** Values as bars between their least and their greatest, with two spaces behind; "" for fewer than two. */
export function sparkline(values: readonly number[]): string {
  if (values.length < 2) return "";
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const bar = (value: number) => BARS[high === low ? 0 : Math.round(((value - low) / (high - low)) * 7)]!;
  return `${values.map(bar).join("")}  `;
}

/** One terminal line of at most `width` characters: label, bar, share, rate, time left, remark. */
export function renderBar(state: ProgressState, width: number): string {
  const tail = `${share(state)}${rateText(state)}${timeText(state)}${state.remark === "" ? "" : `  ${state.remark}`}`;
  const room = Math.min(30, width - state.label.length - tail.length - 3);
  if (state.total === undefined || state.total <= 0 || room < 5) {
    return `${state.label} ${tail}`.slice(0, Math.max(0, width));
  }
  const filled = Math.round(room * Math.min(1, Math.max(0, state.done / state.total)));
  return `${state.label} ${"█".repeat(filled)}${"░".repeat(room - filled)} ${tail}`;
}

/** The same without a bar, for a log. */
export function renderLine(state: ProgressState): string {
  return `${state.label} ${share(state)}${rateText(state)}${timeText(state)}${state.remark === "" ? "" : `  ${state.remark}`}`;
}

function share({ done, total }: ProgressState): string {
  return total === undefined ? formatCount(done) : `${formatCount(done)}/${formatCount(total)}`;
}

function rateText({ rate, unit }: ProgressState): string {
  return Number.isNaN(rate) ? "" : `  ${formatCount(rate)}${unit === "" ? "" : ` ${unit}`}/s`;
}

function timeText({ done, total, rate, elapsed }: ProgressState): string {
  if (total === undefined || Number.isNaN(rate) || done >= total) {
    return `  ${formatDuration(elapsed)}`;
  }
  return `  ${formatDuration((total - done) / rate)} left`;
}
