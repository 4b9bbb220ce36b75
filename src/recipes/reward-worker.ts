/** The thread of a reward file: loads it, then answers a sample at a time. */
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { RewardFunction, RewardReply, RewardSample, RewardStart } from "./reward-file.ts";

const port = parentPort!;
const reply = (message: RewardReply): void => port.postMessage(message);

const { file } = workerData as RewardStart;
const module_ = (await import(pathToFileURL(file).href)) as { default?: unknown };
if (typeof module_.default !== "function")
  reply({ error: "its default export must be a function from a sample to a number" });
else {
  const reward = module_.default as RewardFunction;
  port.on("message", async (sample: RewardSample) => {
    try {
      const value: unknown = await reward(sample);
      const fine = typeof value === "number" && (Number.isFinite(value) || Number.isNaN(value));
      reply(fine ? { value } : { error: `gave ${JSON.stringify(value) ?? typeof value}, which is no finite number` });
    } catch (error) {
      reply({ error: `threw "${error instanceof Error ? error.message : String(error)}"` });
    }
  });
  reply({ value: 0 });
}
