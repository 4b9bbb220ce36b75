// `reckon pull`: a model from a Hugging Face-compatible hub into the folder of pulled models, from where every MODEL argument takes it by its name.
import { createHash } from "node:crypto";
import { freemem } from "node:os";
import type { Command } from "commander";
import { type Choice, SAFETENSORS } from "../checkpoint/hub/choose.ts";
import { hubOf } from "../checkpoint/hub/client.ts";
import { parseName } from "../checkpoint/hub/name.ts";
import { pullModel } from "../checkpoint/hub/pull.ts";
import { placeOf, type StoredModel } from "../checkpoint/hub/store.ts";
import { formatBytes } from "./humane.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { addCommonOptions } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { type Progress, startProgress } from "./progress.ts";

interface PullOptions {
  readonly revision: string;
  readonly json?: true;
}

export function register(program: Command): void {
  const command = program
    .command("pull")
    .description("fetch a model from a Hugging Face-compatible hub")
    .argument("<name>", "ORG/NAME, or ORG/NAME:QUANTIZATION where it has several GGUF files")
    .option("--revision <revision>", "branch, tag or commit", "main")
    .addHelpText(
      "after",
      `
Without a quantization it takes the safetensors (ORG/NAME:${SAFETENSORS}) where they fit into memory, else the largest GGUF file of at most
8 bits a weight that does. HF_ENDPOINT names another hub, HF_TOKEN a token for closed models, RECKON_HOME where models lie (default: ~/.reckon).
A pull that was stopped goes on where it was when it is called again.`,
    );
  addCommonOptions(command, ["json"]).action(run);
}

async function run(text: string, { revision, json }: PullOptions): Promise<void> {
  const name = parseName(text);
  using interrupt = listenForInterrupt("stopping; the next pull goes on from here");
  let progress: Progress | null = null;
  const onPlan = (choice: Choice, commit: string, there: number): void => {
    tellPlan(name.repo, choice, commit, there);
    progress = startProgress({ label: "pull", total: choice.bytes, unit: "B", start: there });
  };
  try {
    const memory = process.availableMemory?.() ?? freemem();
    const { signal } = interrupt;
    const { model, fresh } = await pullModel(name, {
      hub: hubOf(),
      revision,
      memory,
      signal,
      onPlan,
      onBytes: (bytes, file) => progress?.update(bytes, file),
    });
    (progress as Progress | null)?.finish();
    if (!fresh) note(`${model.name} at ${model.commit.slice(0, 12)} is there already`);
    const { path, bytes, sha256 } = digestOf(model);
    if (json) printJson({ path, bytes, sha256 });
    else print(`${path}\n${model.name}: ${formatBytes(bytes)}, sha256 ${sha256}; use it as --model ${model.name}`);
  } finally {
    (progress as Progress | null)?.finish();
  }
}

function tellPlan(repo: string, choice: Choice, commit: string, there: number): void {
  const { quantization, files, bytes, others, fits } = choice;
  const rest = there > 0 ? `, ${formatBytes(there)} of them there already` : "";
  const count = files.length === 1 ? "1 file" : `${files.length} files`;
  note(`${repo} at ${commit.slice(0, 12)}: ${quantization}, ${count}, ${formatBytes(bytes)}${rest}`);
  if (others.length > 0) {
    note(`it also has ${others.map((one) => `${one.quantization} (${formatBytes(one.bytes)})`).join(", ")}`);
  }
  if (!fits) note("warning: this does not fit into the memory that is free on this machine");
}

/** Of one file its hash; of several the hash of their list, as `reckon export` has it. */
function digestOf(model: StoredModel): { path: string; bytes: number; sha256: string } {
  const { files, bytes, folder } = model;
  if (files.length === 1) return { path: placeOf(model), bytes, sha256: files[0].sha256 };
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const list = sorted.map((file) => `${file.sha256}  ${file.path}\n`).join("");
  return { path: folder, bytes, sha256: createHash("sha256").update(list).digest("hex") };
}
