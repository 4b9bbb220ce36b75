/** The procedural tasks' questions that training never saw: made, not read. */
import { ALL, taskNamed } from "../../tasks/catalogue.ts";
import { withoutThinking } from "../../tasks/math/extract/extract.ts";
import { scoreText } from "../../tasks/score.ts";
import { type HeldOutItem, heldOutItems } from "../held-out.ts";
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
  }: Selection): HeldOutItem[] =>
    families
      .map(taskNamed)
      .flatMap((task) => wordings.flatMap((phrasing) => heldOutItems(task, { seed, level, phrasing, count }))),
} as const;

/**
 * The same for whoever is asked: texts that tell thinking by both its tags, so that one without any is a bare answer (of a model that
 * does not think, or a server that thought nothing), where training's texts begin inside the thinking.
 */
export const heldOutQuestions = (selection: Selection): Item[] =>
  heldOut.items(selection).map((item) => ({
    ...item,
    judge: (response, ended) => {
      const { parts, reason } = scoreText(item.entry, response, { ended });
      return { ...parts, reason, answer: withoutThinking(response)?.trim() || null };
    },
  }));
