// The values that four-bit codes of the non-linear formats stand for (ggml/src/ggml-common.h).

/** IQ4_NL and IQ4_XS. */
export const IQ4_VALUES = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

/** MXFP4 (e2m1), doubled so that they are whole. */
export const MXFP4_VALUES = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);
