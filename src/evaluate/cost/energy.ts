/** The processor's own energy counters (Intel and AMD RAPL, as Linux shows them), where they are there and may be read. */
import fs from "node:fs";
import path from "node:path";

/** Where Linux keeps them. */
export const POWERCAP = "/sys/class/powercap";

/**
 * A meter of the packages' energy: joules since it was made, everything on the machine together. Counters that wrap around between two
 * readings are followed, so it wants reading now and then. Null where there are no readable counters.
 */
export function energyMeter(folder: string = POWERCAP): (() => number) | null {
  // Domains named intel-rapl:0 are packages; intel-rapl:0:1 are parts of one, which would count twice.
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => /^intel-rapl:\d+$/.test(name)) : [];
  const counters = names.flatMap((name) => {
    const file = path.join(folder, name, "energy_uj");
    const [last, range] = [readNumber(file), readNumber(path.join(folder, name, "max_energy_range_uj"))];
    return last === null ? [] : [{ file, last, range: range ?? 0 }];
  });
  if (counters.length === 0) return null;
  let microjoules = 0;
  return () => {
    for (const counter of counters) {
      const now = readNumber(counter.file) ?? counter.last;
      microjoules += now >= counter.last ? now - counter.last : now + counter.range - counter.last;
      counter.last = now;
    }
    return microjoules / 1e6;
  };
}

/** The number a file holds; null where it cannot be read (the counters are root's alone on most machines). */
function readNumber(file: string): number | null {
  try {
    const value = Number(fs.readFileSync(file, "utf8"));
    return Number.isFinite(value) ? value : null;
  } catch {
    return null;
  }
}
