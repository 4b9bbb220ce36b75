// The number formats of GGUF files: how many numbers share a block, how many bytes a block takes, and the id files write.

import { UserError } from "../../error.ts";

/** ggml's block formats that are read here; F32, F16 and BF16 are blocks of one number. */
export type GgmlType =
  | "F32"
  | "F16"
  | "BF16"
  | "Q4_0"
  | "Q4_1"
  | "Q5_0"
  | "Q5_1"
  | "Q8_0"
  | "Q2_K"
  | "Q3_K"
  | "Q4_K"
  | "Q5_K"
  | "Q6_K"
  | "IQ4_NL"
  | "IQ4_XS"
  | "TQ1_0"
  | "TQ2_0"
  | "MXFP4";

export interface BlockInfo {
  /** The number GGUF files write (ggml.h, enum ggml_type). */
  readonly id: number;
  /** Numbers in a block; a row of a tensor is a whole number of blocks. */
  readonly elements: number;
  /** Bytes of a block. */
  readonly bytes: number;
}

const INFO: Readonly<Record<GgmlType, BlockInfo>> = {
  F32: { id: 0, elements: 1, bytes: 4 },
  F16: { id: 1, elements: 1, bytes: 2 },
  Q4_0: { id: 2, elements: 32, bytes: 18 },
  Q4_1: { id: 3, elements: 32, bytes: 20 },
  Q5_0: { id: 6, elements: 32, bytes: 22 },
  Q5_1: { id: 7, elements: 32, bytes: 24 },
  Q8_0: { id: 8, elements: 32, bytes: 34 },
  Q2_K: { id: 10, elements: 256, bytes: 84 },
  Q3_K: { id: 11, elements: 256, bytes: 110 },
  Q4_K: { id: 12, elements: 256, bytes: 144 },
  Q5_K: { id: 13, elements: 256, bytes: 176 },
  Q6_K: { id: 14, elements: 256, bytes: 210 },
  IQ4_NL: { id: 20, elements: 32, bytes: 18 },
  IQ4_XS: { id: 23, elements: 256, bytes: 136 },
  BF16: { id: 30, elements: 1, bytes: 2 },
  TQ1_0: { id: 34, elements: 256, bytes: 54 },
  TQ2_0: { id: 35, elements: 256, bytes: 66 },
  MXFP4: { id: 39, elements: 32, bytes: 17 },
};

/** Every format, in the order of their ids. */
export const GGML_TYPES = Object.keys(INFO) as readonly GgmlType[];

const BY_ID = new Map(GGML_TYPES.map((type) => [INFO[type].id, type]));

/** Size and id of a format. @throws UserError for a name that is none of GgmlType */
export function blockInfo(type: string): BlockInfo {
  if (!isGgmlType(type)) {
    throw new UserError(`The number format ${type} is not known here; supported are ${GGML_TYPES.join(", ")}.`, {
      param: "type",
      type: "unsupported_format",
    });
  }
  return INFO[type];
}

/** The format with the id a GGUF file writes; undefined for one that is not read here. */
export const typeOfId = (id: number): GgmlType | undefined => BY_ID.get(id);

export const isGgmlType = (name: string): name is GgmlType => Object.hasOwn(INFO, name);

/** Bytes that `elements` numbers take; `elements` must be whole blocks. */
export const blockBytes = (type: GgmlType, elements: number): number =>
  (elements / INFO[type].elements) * INFO[type].bytes;
