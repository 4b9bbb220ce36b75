// Dynamic sampling (DAPO, arXiv 2503.14476 section 3.2): only groups whose rewards differ teach anything, so keep sampling
// until a batch is full of such groups, within a bound on rounds, because near the end of learning there may be none left.

/** Whether a group's rewards differ; NaN ones do not count. */
export function isInformative(rewards: readonly number[]): boolean {
  const kept = rewards.filter((reward) => !Number.isNaN(reward));
  return kept.some((reward) => reward !== kept[0]);
}

export interface DynamicBatch<Group> {
  /** At most `wanted` informative groups, in the order they were sampled; where there was none, the dull ones of the first round. */
  readonly groups: readonly Group[];
  /** All groups sampled, kept or not, and the rounds it took. */
  readonly sampled: number;
  readonly rounds: number;
}

/**
 * Asks `sample(count)` for groups until `wanted` of them are informative or `maxRounds` rounds have run; each round asks for
 * what is missing. What the last round gave too much is dropped. Where no group is informative the first round's come back: they
 * teach nothing, but their figures say why.
 */
export async function sampleInformative<Group>(
  wanted: number,
  maxRounds: number,
  sample: (count: number) => Promise<readonly Group[]>,
  rewards: (group: Group) => readonly number[],
): Promise<DynamicBatch<Group>> {
  const groups: Group[] = [];
  let dull: readonly Group[] = [];
  let [sampled, rounds] = [0, 0];
  while (groups.length < wanted && rounds < maxRounds) {
    const fresh = await sample(wanted - groups.length);
    rounds++;
    sampled += fresh.length;
    if (rounds === 1) dull = fresh;
    groups.push(...fresh.filter((group) => isInformative(rewards(group))));
  }
  return { groups: groups.length === 0 ? dull : groups.slice(0, wanted), sampled, rounds };
}
