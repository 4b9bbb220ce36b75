/** The procedural tasks' questions that training never saw: made, not read. */
import { ALL, taskNamed } from "../../tasks/catalogue.ts";
import { heldOutItems } from "../held-out.ts";
import type { Item } from "../item.ts";
import type { Selection } from "./benchmark.ts";

export const heldOut = {
  name: "held-out",
  about: "instances of the procedural tasks that training never saw, 100 a family",
  licence: "made by this program",
  /** @throws UserError for a family, level or wording there is not */
  items: ({
    items: count = 100,
    families = ALL.map(({ name }) => name),
    wordings = [0],
    level = 1,
    seed,
  }: Selection): Item[] =>
    families
      .map(taskNamed)
      .flatMap((task) => wordings.flatMap((phrasing) => heldOutItems(task, { seed, level, phrasing, count }))),
} as const;
