/** The devices that tests of ops and models run on: the reference always, the CPU device where its kernels are built. */
import { cpuDevice } from "../kernels/cpu/device.ts";
import type { Device } from "../kernels/kernels.ts";
import { referenceDevice } from "../kernels/reference/device.ts";

/** Runs `run` with the named device and closes it. */
export async function withDevice(
  name: "reference" | "cpu",
  run: (device: Device) => Promise<void> | void,
): Promise<void> {
  const device = name === "reference" ? referenceDevice() : await cpuDevice({ threads: 2 });
  try {
    await run(device);
  } finally {
    await device.close();
  }
}
