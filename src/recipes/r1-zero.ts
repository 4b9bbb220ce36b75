/**
 * R1-Zero, top to bottom (DeepSeek-R1, 2.2): ask questions, sample a group of answers to each, judge them by rules, and move
 * the model towards the better ones of each group. No examples, no reward model.
 *
 * Simplifications against the paper: tasks are procedural, the engine that samples is the one that trains (so the ratio is
 * exactly 1 on the first pass), and one optimizer step a batch unless `iterations` says otherwise.
 */

import { usageError } from "../error.ts";
import { breathe } from "../generate/batch.ts";
import type { Device } from "../kernels/kernels.ts";
import { Decoder } from "../model/decoder.ts";
import type { WeightKind } from "../model/weights/weight-source.ts";
import { Random } from "../random.ts";
import { loadCheckpoint, saveCheckpoint } from "../train/checkpoint.ts";
import { Critic, VALUE_HEAD } from "../train/critic.ts";
import { sampleInformative } from "../train/dynamic-sampling.ts";
import type { JsonRecord } from "../train/jsonl.ts";
import { policyLoss } from "../train/losses/choose.ts";
import { Optimizer, trainedParameters } from "../train/optimizer.ts";
import { scoreCompletions } from "../train/policy.ts";
import { writeReport } from "../train/report.ts";
import { type Rollout, rolloutMetrics, rolloutRecord } from "../train/rollouts.ts";
import { rateFactor } from "../train/schedule.ts";
import { lateWarnings, policyWarnings, type Warning } from "../train/warnings.ts";
import { adapt } from "./adapt.ts";
import { evaluator, styleWarning } from "./evaluation.ts";
import { openJudge, questionsOf } from "./judge.ts";
import type { RlOptions } from "./options.ts";
import { type Group, learnFrom, optimizerOptions, ownSampler, question, sampleGroups } from "./r1-zero-step.ts";
import { checkRollouts, remoteSampler } from "./remote-rollouts.ts";
import { checkHasData, worldSpeech } from "./speech.ts";
import { CostMeter, type StageContext } from "./stage.ts";
import { openRun, recordChanges, type StageRecord, withRemedy } from "./stage-run.ts";
import type { StageResult } from "./supervised.ts";
import { weightedTasks } from "./world.ts";

/**
 * Runs R1-Zero into `context.out` from the model `start` makes.
 * @throws UserError for a bad option, a folder in use, or numbers gone bad; the signal's reason when stopped.
 */
export async function r1Zero(
  context: StageContext,
  options: RlOptions,
  start: () => Decoder | Promise<Decoder>,
  origin: Omit<StageRecord, "options">,
  speech = worldSpeech(),
): Promise<StageResult> {
  const { device, seed, signal, listener } = context;
  policyLoss(options.loss); // one there is not is told before anything is made
  checkHasData(speech, options.data, "prompts with answers");
  checkRollouts(options);
  const families = weightedTasks(options.tasks);
  const own = options.data === null ? null : questionsOf(options.data);
  const { judge, close } = await openJudge(options, speech.thinks);
  const { dialogue } = speech;
  const record = { options, ...origin };
  const run = openRun(context, "r1-zero", record);
  let done = 0;
  try {
    const resumed = run.resumed === null ? null : loadCheckpoint(run.resumed, device);
    const decoder = resumed?.decoder ?? (await start());
    decoder.gradientCheckpointing = options.gradient_checkpointing;
    const lora = adapt(decoder, options.lora, seed, resumed?.state);
    const reference = options.beta > 0 ? await copyOf(decoder, device) : null;
    const critic = policyLoss(options.loss).critic ? new Critic(decoder) : null;
    const trained = [...trainedParameters(decoder, false), ...(critic === null ? [] : [critic.head])];
    const optimizer = new Optimizer(device, trained, optimizerOptions(options));
    const random = { data: Random.from(seed, "r1-zero", "data"), policy: Random.from(seed, "r1-zero", "policy") };
    let seen = 0;
    let first: unknown = null;
    if (resumed !== null) {
      optimizer.restore(resumed.state.optimizer);
      random.data.restore(resumed.state.random.data!);
      random.policy.restore(resumed.state.random.policy!);
      done = resumed.state.step;
      seen = Number(resumed.state.position.tokens);
      first = resumed.state.position.first ?? null;
      if (reference !== null) writeWeights(reference, referenceWeights(resumed.state.tensors));
      const head = resumed.state.tensors.get(VALUE_HEAD);
      if (critic !== null && head !== undefined) device.write(critic.head.buf, head);
    }
    if (context.resume) recordChanges(run, done, record);
    const remote =
      options.rollouts.url === null ? null : await remoteSampler(options, decoder.config.vocab_size, listener.note);
    const cost = new CostMeter(resumed?.state.position.cost);
    const save = async (step: number) =>
      saveCheckpoint(
        run,
        step,
        {
          decoder,
          optimizer,
          random,
          position: { tokens: seen, cost: cost.spent(), first },
          tensors: new Map([
            ...(reference === null ? [] : await weightsOf(reference)),
            ...(critic === null ? [] : [[VALUE_HEAD, await device.read(critic.head.buf)] as const]),
          ]),
          lora,
        },
        speech.files(decoder.config.max_position_embeddings),
        2,
      );
    const { every } = options.evaluation;
    const evaluate = evaluator(run, decoder, options, speech, context);

    listener.begin("r1-zero", done, options.steps);
    if (done === 0) {
      const before = await evaluate(0);
      const warning = before === null ? null : styleWarning(before);
      if (warning !== null) listener.note(warning);
      first = before;
    } else if (done >= options.steps)
      listener.note(`r1-zero: all ${options.steps} steps are done; --set steps=... makes it go on`);
    else if (every > 0 && done % every === 0) await evaluate(done); // what a stop may have cut short
    const lines: JsonRecord[] = run.metrics();
    const schedule = { shape: "linear" as const, warmup: options.warmup, decay: options.decay, floor: 0.05 };
    for (let step = done + 1; step <= options.steps && !signal.aborted; step++) {
      const begun = performance.now();
      const drawn = random.data.state();
      const next = () => (own === null ? question(families, options, random.data) : random.data.pick(own));
      const eightBits =
        options.rollout_weights === "f32" ? null : await copyOf(decoder, device, options.rollout_weights);
      const sampler = remote ?? ownSampler(eightBits ?? decoder, options);
      const ask = (count: number) => sampleGroups(sampler, next, options, judge, random.data, count, signal, dialogue);
      const batch = options.dynamic_sampling
        ? await sampleInformative(options.prompts_per_step, 4, ask, ({ samples }) => samples.map((one) => one.reward))
        : { groups: await ask(options.prompts_per_step), sampled: options.prompts_per_step, rounds: 1 };
      eightBits?.free();
      if (signal.aborted) {
        random.data.restore(drawn); // rollouts cut short would teach that short is right: the step begins again on resuming
        break;
      }
      const sampling = (performance.now() - begun) / 1000;

      const references =
        reference === null
          ? null
          : await scoreCompletions(
              reference,
              batch.groups.flatMap(({ samples }) => samples),
              options.temperature,
              options.rows_per_pass,
            );
      const place = { step, factor: rateFactor(schedule, step - 1, options.steps), seen };
      const { rollouts, advantages, metrics } = await learnFrom(
        decoder,
        optimizer,
        batch.groups,
        options,
        place,
        random.policy,
        references,
        critic,
      );
      await breathe(); // a CPU step never waits, so without this no signal would be heard
      seen = metrics.num_tokens!;
      if (reference !== null && options.reference_every > 0 && step % options.reference_every === 0)
        writeWeights(reference, await weightsOf(decoder));
      const figures = {
        step,
        ...rolloutMetrics(rollouts, advantages),
        ...metrics,
        "completions/mean_thinking": mean(rollouts.map(({ completion }) => dialogue.thinkingLength(completion))),
        "completions/reflecting": reflectingShare(batch.groups),
        "sampling/groups": batch.sampled,
        informative: informativeByFamily(batch.groups),
        sampling_time: sampling,
        step_time: (performance.now() - begun) / 1000,
      };
      const known = new Set(warned(lines.at(-1)).map(({ kind }) => kind));
      const warnings = policyWarnings([...lines, figures], run.evaluations());
      const line = { ...figures, warnings };
      run.appendMetrics(line);
      listener.step(line);
      const { entry, samples } = batch.groups[0]!;
      const { text, parts, reward } = samples[0]!;
      listener.sample?.({ prompt: entry.prompt, response: text, parts, reward });
      lines.push(line);
      for (const { kind, message } of warnings)
        if (!known.has(kind)) listener.note(`warning at step ${step}: ${message}`);
      if (options.save_rollouts > 0 && step % options.save_rollouts === 0)
        run.writeRollouts(step, records(step, batch.groups, rollouts, options.group_size));
      if (every > 0 && step % every === 0 && step < options.steps) await evaluate(step);
      const due = options.checkpoint_every > 0 && step % options.checkpoint_every === 0;
      done = step;
      if (due || step === options.steps) await save(step);
    }
    if (signal.aborted && done > 0 && done < options.steps) await save(done);
    signal.throwIfAborted();
    const last = await evaluate(options.steps);
    signal.throwIfAborted();
    const warnings = lateWarnings(lines, run.evaluations());
    for (const { message } of warnings) listener.note(`warning at the end: ${message}`);
    const report = writeReport(run.folder, { cost: cost.spent(), before: first, after: last, warnings });
    optimizer.free();
    reference?.free();
    critic?.free();
    return { decoder, folder: run.folder, report };
  } catch (error) {
    throw withRemedy(error, run, done);
  } finally {
    run.close();
    await close();
  }
}

function records(step: number, groups: readonly Group[], rollouts: readonly Rollout[], size: number) {
  return rollouts.map((rollout, i) => {
    const { entry, samples } = groups[Math.floor(i / size)]!;
    const { text, reason } = samples[i % size]!;
    const { task, level, prompt, answer } = entry;
    return rolloutRecord(step, rollout, { task, level, prompt, gold: answer, response: text, reason });
  });
}

/** The share of answers that say "wait": the paper's sign that a model thinks again. */
function reflectingShare(groups: readonly Group[]): number {
  return mean(groups.flatMap(({ samples }) => samples.map(({ text }) => Number(/\bwait\b/.test(text)))));
}

/** How many groups of each family had answers of different reward: who does the work. */
function informativeByFamily(groups: readonly Group[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { entry, samples } of groups)
    counts[entry.task] =
      (counts[entry.task] ?? 0) + Number(samples.some(({ reward }) => reward !== samples[0]!.reward));
  return counts;
}

const warned = (line: JsonRecord | undefined): readonly Warning[] => (line?.warnings ?? []) as readonly Warning[];

/** The reference's weights in a checkpoint. @throws UserError where the run had no reference */
function referenceWeights(tensors: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, Float32Array> {
  if ([...tensors.keys()].some((name) => name !== VALUE_HEAD)) return tensors;
  throw usageError(
    "beta: the run was begun with 0, so its checkpoint has no reference model to stay near; begin a new run with another --out",
    "rl.beta",
  );
}

/** The same weights in memory of their own: the reference, or what samples in 8 bits. */
async function copyOf(decoder: Decoder, device: Device, kept: WeightKind = "f32"): Promise<Decoder> {
  const weights = await weightsOf(decoder);
  return Decoder.load(device, decoder.config, (name) => weights.get(name)!, { weights: kept });
}

async function weightsOf(decoder: Decoder): Promise<Map<string, Float32Array>> {
  return new Map((await decoder.exportTensors()).map(({ name, data }) => [name, data]));
}

function writeWeights(decoder: Decoder, weights: ReadonlyMap<string, Float32Array>): void {
  for (const [name, { buf }] of decoder.parameters) decoder.device.write(buf, weights.get(name)!);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
