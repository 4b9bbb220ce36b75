/** The models that may be asked, as the page tells them apart. */
import type { ModelInfo } from "../api/client.ts";
import { IN_PAGE } from "../engine/in-page.ts";

/** Models by their own names first, the page's own behind them, other names of the same last. */
export const inOrder = (served: readonly ModelInfo[], own: ModelInfo): readonly ModelInfo[] => [
  ...served.filter((one) => one.alias_of === undefined),
  own,
  ...served.filter((one) => one.alias_of !== undefined),
];

/** What a setting means: no name is the first model. Undefined where it is not served. */
export const chosen = (models: readonly ModelInfo[], id: string): ModelInfo | undefined =>
  id === "" ? models[0] : models.find((one) => one.id === id);

/** What stands beside a model until another is chosen: one with other weights, where there is one. */
export const beside = (models: readonly ModelInfo[], first: string): string =>
  (
    models.find((one) => one.id !== first && !isSame(one, chosen(models, first))) ??
    models.find(({ id }) => id !== first)
  )?.id ?? first;

/** Whether both are the same weights under two names. */
export const isSame = (one: ModelInfo | undefined, other: ModelInfo | undefined): boolean =>
  one !== undefined && other !== undefined && weights(one) === weights(other);

/** As it stands in a list. */
export const named = ({ id, alias_of }: ModelInfo): string => (alias_of === undefined ? id : `${id} (${alias_of})`);

/** The page's own model is the bundled one, which a server calls by its folder's name. */
const weights = ({ id, alias_of }: ModelInfo): string => alias_of ?? (id === IN_PAGE ? "reckon-nano" : id);
