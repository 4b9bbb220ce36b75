import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openModel } from "../checkpoint/open-model.ts";
import { BUNDLED_MODEL } from "../generate/load-model.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import { loadStartModel } from "../recipes/start-model.ts";
import { commands, runCommand } from "./main.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-export-cli-"));
after(() => fs.rmSync(place, { recursive: true }));

const run = (...args: string[]) => runCommand(args, commands);

/** What a command prints on standard output, in a process of its own. */
function printed(...args: string[]): string {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const child = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], {
    encoding: "utf8",
  });
  assert.equal(child.status, 0, child.stderr);
  return child.stdout;
}

test("the bundled model as a GGUF file computes the folder's logits, and can be trained on", async () => {
  const to = path.join(place, "nano.gguf");
  const row = JSON.parse(printed("export", "--model", BUNDLED_MODEL, "--to", to, "--type", "f32", "--mtp", "--json"));
  assert.deepEqual([row.path, row.bytes], [to, fs.statSync(to).size]);
  if (process.platform === "linux") {
    assert.equal(row.sha256, execFileSync("sha256sum", [to], { encoding: "utf8" }).slice(0, 64));
  }
  const ids = ["--ids", "0,3,63,80,73,92,8,25,26,19,27,28,39,4,5", "--threads", "1", "--weights", "f32", "--json"];
  assert.deepEqual(
    JSON.parse(printed("logits", "--model", to, ...ids)),
    JSON.parse(printed("logits", "--model", BUNDLED_MODEL, ...ids)),
  );
  const decoder = loadStartModel(to, referenceDevice());
  assert.equal(decoder.config.vocab_size, 112);
  decoder.free();
});

test("eight bits and back to a folder: smaller, with tokenizer, template and sampling", async () => {
  const [file, folder] = [path.join(place, "nano.Q8_0.gguf"), path.join(place, "back")];
  await run("export", "--model", BUNDLED_MODEL, "--to", file, "--type", "Q8_0");
  await run("export", "--model", file, "--to", folder, "--type", "BF16");
  const [bundled, back] = [openModel(BUNDLED_MODEL), openModel(folder)];
  assert.ok(fs.statSync(file).size < 0.6 * bundled.fileBytes);
  assert.deepEqual(back.config, { ...bundled.config, num_nextn_predict_layers: 0 });
  assert.equal(back.chatTemplate, bundled.chatTemplate);
  const { do_sample, temperature } = back.generationConfig;
  assert.deepEqual([do_sample, temperature], [true, 0.6]);
  bundled.close();
  back.close();
  const tokens = (model: string): string =>
    execFileSync(
      process.execPath,
      [fileURLToPath(new URL("./main.ts", import.meta.url)), "tokenize", "--model", model],
      {
        ...{ input: "12 + 34?", encoding: "utf8" },
      },
    );
  assert.equal(tokens(folder), tokens(BUNDLED_MODEL));
});

test("a file that is there, and a format the place does not take, are usage errors", async () => {
  const taken = path.join(place, "taken.gguf");
  fs.writeFileSync(taken, "");
  await assert.rejects(run("export", "--model", BUNDLED_MODEL, "--to", taken), {
    exitCode: 2,
    message: /already there/,
  });
  const other = path.join(place, "other");
  await assert.rejects(run("export", "--model", BUNDLED_MODEL, "--to", other, "--type", "Q4_0"), {
    ...{ exitCode: 2, param: "--type" },
  });
  await assert.rejects(run("export", "--model", BUNDLED_MODEL, "--to", other, "--type", "Q3"), { exitCode: 2 });
});
