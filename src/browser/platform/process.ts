/** What the engine asks of node:process: in a browser there is one process, and what it may still take is not told. */
export default {
  pid: 1,
  platform: "browser",
  availableMemory: (): number => Number.POSITIVE_INFINITY,
  kill(): never {
    throw Object.assign(new Error("there are no other processes"), { code: "ESRCH" });
  },
};
