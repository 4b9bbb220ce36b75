/** Answers to one question put together where they say the same, and how their thinking differs. */
import type { Message, Vote } from "./types.ts";

/** What one answer says, and whether another text says it too. */
export interface Judge {
  readonly said: (text: string) => Promise<string>;
  readonly same: (said: string, text: string) => Promise<boolean>;
}

/**
 * Each answer joins the first cluster whose answer it equals. The largest wins where it has more than one vote and no other has as many;
 * an empty answer never wins.
 */
export async function clustered(texts: readonly string[], judge: Judge): Promise<Vote[]> {
  const clusters: { said: string; members: number[] }[] = [];
  for (const [index, text] of texts.entries()) {
    const own = text.trim() === "" ? "" : await judge.said(text);
    let home = clusters.find(({ said }) => said === own);
    for (const cluster of clusters) {
      if (home !== undefined || own === "" || cluster.said === "") continue;
      if (await judge.same(cluster.said, text)) home = cluster;
    }
    if (home === undefined) clusters.push({ said: own, members: [index] });
    else home.members.push(index);
  }
  const ranked = clusters.toSorted((a, b) => b.members.length - a.members.length);
  const given = ranked.filter(({ said }) => said !== "");
  const [first, second] = given;
  const winner = first && first.members.length > Math.max(1, second?.members.length ?? 0) ? first : null;
  return texts.map((_, index) => {
    const cluster = ranked.findIndex(({ members }) => members.includes(index));
    const { said, members } = ranked[cluster];
    return { cluster, said, votes: members.length, wins: ranked[cluster] === winner };
  });
}

/** Where two traces part: the characters they share, and how each goes on. Null where they are the same. */
export function parting(one: string, other: string): { at: number; one: string; other: string } | null {
  if (one === other) return null;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  // Back to where the number or word begins: "142" and "143" differ as wholes.
  const inWord = /[\w.]/.test(`${one[at] ?? ""}${other[at] ?? ""}`);
  for (const from = at; inWord && at > 0 && from - at < 24 && /[\w.]/.test(one[at - 1]); ) at--;
  const ahead = (text: string): string =>
    text
      .slice(at, at + 32)
      .replaceAll("\n", " ↵ ")
      .trim();
  return { at, one: ahead(one), other: ahead(other) };
}

/** The clusters of a group in the order of their votes. */
export function tally(group: readonly Message[]): readonly Vote[] {
  const found = new Map<number, Vote>();
  for (const { vote } of group) if (vote) found.set(vote.cluster, vote);
  return [...found.values()].sort((a, b) => a.cluster - b.cluster);
}
