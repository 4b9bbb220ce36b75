// The device trainer tests run on: the CPU kernels where they are built, else the reference, saying so.

import { cpuDevice } from "../kernels/cpu/device.ts";
import type { Device } from "../kernels/kernels.ts";
import { referenceDevice } from "../kernels/reference/device.ts";

export async function testDevice(threads = 2): Promise<Device> {
  if (process.env.RECKON_TEST_DEVICE === "reference") return referenceDevice();
  try {
    return await cpuDevice({ threads });
  } catch (error) {
    console.error(`# the CPU kernels do not run here (${(error as Error).message}); testing on the reference device`);
    return referenceDevice();
  }
}
