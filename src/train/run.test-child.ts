// What run.test.ts kills: resumes the run in the folder it is given and saves a checkpoint at every step, as fast as it can,
// printing the number of each finished one.

import fs from "node:fs";
import path from "node:path";
import { writeFolderAtomically } from "../checkpoint/atomic.ts";
import { RunFolder } from "./run.ts";
import { writeTrainingState } from "./training-state.ts";

const run = RunFolder.resume(process.argv[2]!);
for (let step = (run.resumed?.step ?? 0) + 1; ; step++) {
  run.appendMetrics({ step });
  await run.checkpoint(step, 2, (folder) =>
    writeFolderAtomically(folder, (temporary) => {
      fs.writeFileSync(path.join(temporary, "config.json"), "{}");
      writeTrainingState(temporary, {
        step,
        optimizer: { steps: step, tensors: new Map([["m", new Float32Array(50_000).fill(step)]]) },
        random: {},
        position: {},
        tensors: new Map(),
        lora: null,
      });
    }),
  );
  fs.writeSync(1, `${step}\n`);
}
