/** Load balance without an auxiliary loss (V3 report 2.1.2, arXiv 2408.15664): the bias of a busy expert sinks, of an idle one rises. */
import type { Device } from "../kernels/kernels.ts";
import type { Block } from "./block.ts";
import { ExpertFeedForward } from "./feed-forward.ts";

/** How many rows each expert of a layer got in recorded passes. */
export interface RouterLoad {
  readonly layer: number;
  readonly loads: Int32Array;
}

/** The loads counted since they were last reset, for each layer that has experts. */
export async function routerLoads(device: Device, blocks: readonly Block[]): Promise<RouterLoad[]> {
  const all: RouterLoad[] = [];
  for (const { layer, feedForward } of blocks)
    if (feedForward instanceof ExpertFeedForward) all.push({ layer, loads: await device.read(feedForward.loads) });
  return all;
}

/**
 * b += gamma * sign(mean load - load) for every expert that has a bias, then counts from 0 again; returns the loads. Loads may
 * be given where they were summed over machines. Meant for the optimizer's step; gamma 0 only counts.
 */
export async function updateRouterBias(
  device: Device,
  blocks: readonly Block[],
  gamma: number,
  given?: readonly RouterLoad[],
): Promise<RouterLoad[]> {
  const all = given === undefined ? await routerLoads(device, blocks) : [...given];
  for (const { layer, feedForward } of blocks) {
    if (!(feedForward instanceof ExpertFeedForward)) continue;
    const loads = all.find((one) => one.layer === layer)?.loads;
    device.write(feedForward.loads, new Int32Array(feedForward.loads.length));
    if (feedForward.bias === null || loads === undefined || gamma === 0) continue;
    const mean = loads.reduce((sum, load) => sum + load, 0) / loads.length;
    const bias = await device.read(feedForward.bias.buf);
    device.write(
      feedForward.bias.buf,
      bias.map((b, e) => b + gamma * Math.sign(mean - loads[e])),
    );
  }
  return all;
}
