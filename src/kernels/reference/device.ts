/** The reference device: slow, plain, and what every other device is compared with. */
import type { Device } from "../kernels.ts";
import * as attention from "./attention.ts";
import * as element from "./element.ts";
import * as linear from "./linear.ts";
import * as loss from "./loss.ts";
import { ReferenceMemory } from "./memory.ts";
import * as moe from "./moe.ts";
import * as optimizer from "./optimizer.ts";
import * as quant from "./quant.ts";

/** Makes a device that computes with plain loops in double precision and stores single precision. */
export function referenceDevice(): Device {
  const own = {
    name: "reference" as const,
    threads: 1,
    finish: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return Object.assign(new ReferenceMemory(), linear, quant, element, attention, moe, loss, optimizer, own);
}
