/** Names of models on a hub: ORG/NAME, and :QUANTIZATION after it where a repository has several files to choose from. */
import { usageError } from "../../error.ts";

export interface HubName {
  /** ORG/NAME. */
  readonly repo: string;
  /** What stands after the colon, as written; null: nothing. */
  readonly quantization: string | null;
}

const SEGMENT = "[A-Za-z0-9](?:[\\w.-]*[A-Za-z0-9_])?";
const NAME = new RegExp(`^(${SEGMENT}/${SEGMENT})(?::([A-Za-z0-9][\\w.-]*))?$`);

/** Reads a name, or gives null where the text is not shaped like one. No segment begins with a dot: none leads out of a folder. */
export function readName(text: string): HubName | null {
  const match = NAME.exec(text);
  return match === null || text.includes("..") ? null : { repo: match[1], quantization: match[2] ?? null };
}

/** The same of what a user typed; the address of a model's page counts as its name. @throws UserError (usage) */
export function parseName(text: string): HubName {
  const name = readName(text.replace(/^(?:https?:\/\/)?(?:huggingface\.co|hf\.co)\//, "").replace(/\/$/, ""));
  if (name !== null) return name;
  throw usageError(
    `"${text}" is not the name of a model on a hub; write ORG/NAME or ORG/NAME:QUANTIZATION, such as bartowski/SmolLM2-135M-Instruct-GGUF:Q4_K_M`,
    "name",
  );
}

/** As a user writes it. */
export const nameText = ({ repo, quantization }: HubName): string =>
  quantization === null ? repo : `${repo}:${quantization}`;
