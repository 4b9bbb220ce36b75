/** The training window's questions: /v1/runs and below. Everything is read from the runs' plain files; only start and the like write. */
import { join } from "node:path";
import { Hono } from "hono";
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
import { formChoices, resumeRun, startRequest, startRun } from "./start.ts";
import { readTail } from "./tail.ts";
import { tokensOf } from "./tokens.ts";

const whole = z.coerce.number().int().min(0);
const oneRun = z.object({ run: z.string().min(1).max(500) });
const fromBytes = oneRun.extend({ from: whole.default(0) });
const live = oneRun.extend({ metrics: whole.default(0), evaluations: whole.default(0) });
const samples = oneRun.extend({
  sort: z.enum(SORT_KEYS).default("step"),
  order: z.enum(["asc", "desc"]).default("desc"),
  from: whole.default(0),
  count: whole.max(500).default(100),
  version: whole.optional(),
  task: z.string().max(200).optional(),
  text: z.string().max(200).optional(),
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

  app.get("/v1/runs/samples", async (c) => {
    const { run, from, count, version, order, truncated, ...filter } = parse(samples, c.req.query());
    const { folder } = runNamed(root, run);
    const query = {
      ...filter,
      descending: order === "desc",
      ...(truncated === undefined ? {} : { truncated: truncated === "true" }),
    };
    return c.json((await tables.ask(folder, { kind: "page", query, from, count, version })) as object);
  });

  app.get("/v1/runs/samples/facets", async (c) => {
    const { folder } = runNamed(root, parse(oneRun, c.req.query()).run);
    return c.json((await tables.ask(folder, { kind: "facets" })) as object);
  });

  app.get("/v1/runs/samples/one", async (c) => {
    const { run, id } = parse(oneRun.extend({ id: whole }), c.req.query());
    const { folder } = runNamed(root, run);
    const line = (await tables.ask(folder, { kind: "line", id })) as Record<string, unknown> | null;
    if (line === null) throw new ApiError(404, `The run has no sample ${id}.`, { code: "sample_not_found" });
    const { prompt_ids, completion_ids, logps, entropies, ...shown } = line;
    return c.json({ ...shown, tokens: tokensOf(folder, line) });
  });

  app.get("/v1/runs/samples/groups", async (c) => {
    const { run, step } = parse(oneRun.extend({ step: whole }), c.req.query());
    return c.json((await tables.ask(runNamed(root, run).folder, { kind: "groups", step })) as object);
  });

  app.get("/v1/runs/samples/over-time", async (c) => {
    const { run, prompt } = parse(oneRun.extend({ prompt: whole }), c.req.query());
    return c.json((await tables.ask(runNamed(root, run).folder, { kind: "over_time", prompt })) as object);
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
