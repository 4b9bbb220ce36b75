/** The training window's questions: /v1/runs and below. Everything is read from the runs' plain files; only start and the like write. */
import { join } from "node:path";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { summarizeRun } from "../../train/run-reader.ts";
import type { AppEnv, Core } from "../core.ts";
import { ApiError } from "../errors.ts";
import { parse, readBody } from "../http/body.ts";
import { SSE_HEADERS, streamBody } from "../stream/sse.ts";
import { liveFrames } from "./live.ts";
import { brief, findRuns, runNamed, stageNames } from "./places.ts";
import { signalTrainer, statusWithPause } from "./process.ts";
import { SORT_KEYS } from "./samples/samples.ts";
import type { Question } from "./samples/worker.ts";
import { formChoices, resumeRun, startRequest, startRun } from "./start.ts";
import { readTail } from "./tail.ts";
import { tokensOf } from "./tokens.ts";

const whole = z.coerce.number().int().min(0);
const oneRun = z.object({ run: z.string().min(1).max(500) });
const fromBytes = oneRun.extend({ from: whole.default(0) });
const live = oneRun.extend({ metrics: whole.default(0), evaluations: whole.default(0) });
/** With wait=false a run that is still being read is answered with how far that is. */
const ofSamples = oneRun.extend({ wait: z.enum(["true", "false"]).default("true") });
const samples = ofSamples.extend({
  sort: z.enum(SORT_KEYS).default("step"),
  order: z.enum(["asc", "desc"]).default("desc"),
  from: whole.default(0),
  count: whole.max(500).default(100),
  version: whole.optional(),
  task: z.string().max(200).optional(),
  text: z.string().max(200).optional(),
  response: z.string().min(3, { error: "three characters or more are searched for" }).max(200).optional(),
  prompt: whole.optional(),
  step: whole.optional(),
  group: whole.optional(),
  least: z.coerce.number().optional(),
  most: z.coerce.number().optional(),
  truncated: z.enum(["true", "false"]).optional(),
});
const act = oneRun.extend({ action: z.enum(["pause", "continue", "stop", "resume"]) });

export function runRoutes({ config, samples: tables }: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const root = config.runs;
  const mayControl = (): void => {
    if (!config.training)
      throw new ApiError(403, "Starting and stopping runs is switched off on this server (--no-training).", {
        code: "training_off",
      });
  };

  app.get("/v1/runs", (c) =>
    c.json({ root, may_train: config.training, ...formChoices(), runs: findRuns(root).map(brief) }),
  );

  app.get("/v1/runs/one", (c) => {
    const { run } = parse(oneRun, c.req.query());
    const { id, folder } = runNamed(root, run);
    const summary = summarizeRun(folder);
    const evaluations = readTail(join(folder, "evaluations.jsonl"), 0);
    return c.json({
      ...brief({ id, folder }),
      status: statusWithPause(summary),
      config: summary.config,
      report: summary.report,
      last: summary.last,
      checkpoints: summary.checkpoints,
      stages: stageNames(folder).map((stage) => brief({ id: `${id}/${stage}`, folder: join(folder, stage) })),
      evaluations: evaluations.rows,
      evaluations_next: evaluations.next,
    });
  });

  app.get("/v1/runs/metrics", (c) => {
    const { run, from } = parse(fromBytes, c.req.query());
    return c.json(readTail(join(runNamed(root, run).folder, "metrics.jsonl"), from));
  });

  app.get("/v1/runs/live", (c) => {
    const { run, ...from } = parse(live, c.req.query());
    return c.body(streamBody(liveFrames(runNamed(root, run), from), config.pingMs), 200, SSE_HEADERS);
  });

  const askTable = (c: Context<AppEnv>, { run, wait }: z.infer<typeof ofSamples>, question: Question) =>
    tables.ask(runNamed(root, run).folder, question, { wait: wait === "true", signal: c.req.raw.signal });

  app.get("/v1/runs/samples", async (c) => {
    const { run, wait, from, count, version, order, truncated, ...filter } = parse(samples, c.req.query());
    const query = {
      ...filter,
      descending: order === "desc",
      ...(truncated === undefined ? {} : { truncated: truncated === "true" }),
    };
    return c.json((await askTable(c, { run, wait }, { kind: "page", query, from, count, version })) as object);
  });

  app.get("/v1/runs/samples/facets", async (c) =>
    c.json((await askTable(c, parse(ofSamples, c.req.query()), { kind: "facets" })) as object),
  );

  app.get("/v1/runs/samples/one", async (c) => {
    const { id, ...of } = parse(ofSamples.extend({ id: whole }), c.req.query());
    const told = (await askTable(c, of, { kind: "line", id })) as { readonly line?: Record<string, unknown> | null };
    if (told?.line === undefined) return c.json(told);
    const { line } = told;
    if (line === null) throw new ApiError(404, `The run has no sample ${id}.`, { code: "sample_not_found" });
    const { prompt_ids, completion_ids, logps, entropies, ...shown } = line;
    return c.json({ ...shown, tokens: tokensOf(runNamed(root, of.run).folder, line) });
  });

  app.get("/v1/runs/samples/groups", async (c) => {
    const { step, ...of } = parse(ofSamples.extend({ step: whole }), c.req.query());
    return c.json((await askTable(c, of, { kind: "groups", step })) as object);
  });

  app.get("/v1/runs/samples/over-time", async (c) => {
    const { prompt, ...of } = parse(ofSamples.extend({ prompt: whole }), c.req.query());
    return c.json((await askTable(c, of, { kind: "over_time", prompt })) as object);
  });

  app.post("/v1/runs/start", async (c) => {
    mayControl();
    return c.json({ run: await startRun(root, await readBody(c, startRequest)) }, 201);
  });

  app.post("/v1/runs/act", async (c) => {
    mayControl();
    const { run, action } = await readBody(c, act);
    const found = runNamed(root, run);
    if (action === "resume") await resumeRun(found);
    else signalTrainer(found.folder, action);
    return c.json({ run, status: statusWithPause(summarizeRun(found.folder)) });
  });
  return app;
}
