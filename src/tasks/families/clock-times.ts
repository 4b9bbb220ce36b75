/** The time some minutes after (level 3: before) another, on a clock of 24 hours: minutes first, whole hours carried over. */
import { z } from "zod";
import { bare, quote, right, wrong } from "../answer.ts";
import { addition, subtraction } from "../arithmetic.ts";
import { defineTask, type Problem, type Verdict } from "../task.ts";

const schema = z.object({
  hour: z.int().min(0).max(23),
  minute: z.int().min(0).max(59),
  minutes: z.int().min(1).max(600),
  direction: z.enum(["after", "before"]),
});
type Data = z.infer<typeof schema>;

const SPANS = [
  [5, 99],
  [100, 600],
  [5, 600],
] as const;

export const clockTimes = defineTask<Data>({
  name: "clock-times",
  description:
    "the time some minutes after another (level 1: up to 99 minutes; 2: up to 600; 3: before as well as after, up to 600)",
  levels: 3,
  schema,
  wordings: [
    (data) => `What time is it ${span(data)} ${start(data)}?`,
    (data) => `Which time is ${span(data)} ${start(data)}?`,
    (data) => `${span(data)} ${start(data)}`,
    (data) => `Find the time ${span(data)} ${start(data)}.`,
    (data) => `what is the time ${span(data)} ${start(data)}`,
    (data) => `Tell the time ${span(data)} ${start(data)}.`,
  ],
  make(random, level): Problem<Data> {
    const [low, high] = SPANS[level - 1]!;
    const [hour, minute, minutes] = [random.int(0, 23), random.int(0, 59), random.int(low, high)];
    const direction = level === 3 && random.chance(0.5) ? "before" : "after";
    const total = hour * 60 + minute + (direction === "after" ? minutes : -minutes);
    return {
      key: `${hour}:${minute} ${direction} ${minutes}`,
      answer: shown(Math.floor(total / 60), total),
      data: { hour, minute, minutes, direction },
    };
  },
  steps: ({ data }) => moved(data),
  // the way back: from the answer to the time the question began with
  check: ({ data, answer }) => {
    const [hour, minute] = answer.split(":").map(Number) as [number, number];
    return moved({ ...data, hour, minute, direction: data.direction === "after" ? "before" : "after" });
  },
  verify,
});

const span = ({ minutes }: Data): string => `${minutes} minutes`;
const start = ({ direction, hour, minute }: Data): string => `${direction} ${shown(hour, minute)}`;

/** `9:05`: an hour and a minute of any size, as the clock shows them. */
function shown(hour: number, minute: number): string {
  return `${((hour % 24) + 24) % 24}:${String(((minute % 60) + 60) % 60).padStart(2, "0")}`;
}

/** `1*60=60`, `95-60=35`, `40+35=70+5=75`, `75-60=15`, `10+1+1=12`, `12:15`. */
function moved({ hour, minute, minutes, direction }: Data): string[] {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const forward = direction === "after";
  const carried = forward ? minute + rest >= 60 : minute < rest;
  const steps = hours > 0 ? [`${hours}*60=${hours * 60}`, subtraction(minutes, hours * 60)] : [];
  if (forward) {
    steps.push(addition(minute, rest));
    if (carried) steps.push(`${minute + rest}-60=${minute + rest - 60}`);
  } else {
    if (carried) steps.push(`${minute}+60=${minute + 60}`);
    steps.push(subtraction(carried ? minute + 60 : minute, rest));
  }
  const sign = forward ? 1 : -1;
  const moves = [...(hours > 0 ? [hours] : []), ...(carried ? [1] : [])];
  const there = moves.reduce((sum, move) => sum + sign * move, hour);
  if (moves.length > 0) steps.push(`${[hour, ...moves].join(forward ? "+" : "-")}=${there}`);
  if (there >= 24) steps.push(`${there}-24=${there - 24}`);
  if (there < 0) steps.push(`${there}+24=${there + 24}`);
  return [...steps, shown(there, minute + sign * rest)];
}

/** Hours and minutes with a colon, with or without a zero before the hour. */
function verify(answer: string, problem: { readonly answer: string }): Verdict {
  const inner = bare(answer);
  if (typeof inner !== "string") return inner;
  const match = /^(\d{1,2}):(\d{2})$/.exec(inner);
  if (match === null) return wrong(`the answer is not a time such as 9:05: ${quote(inner)}`);
  const time = `${Number(match[1])}:${match[2]}`;
  return time === problem.answer ? right(`${time} is right`) : wrong(`expected ${problem.answer}, got ${time}`);
}
