/** How a weight of few bits lies in memory, by number, read by both sides: the kinds of ./quant-few.ts and ./quant-eight.ts. */
export const Q4_0 = 0;
export const Q4_1 = 1;
export const Q5_0 = 2;
export const Q5_1 = 3;
export const Q4_K = 4;
export const Q5_K = 5;
export const Q6_K = 6;
export const Q3_K = 7;
export const Q2_K = 8;
/** Codes of eight bits with a half as scale (Q8_0, IQ4_NL), and with a float (IQ4_XS, MXFP4, TQ1_0, TQ2_0). */
export const Q8_HALF = 9;
export const Q8_FLOAT = 10;
/** Numbers of 16 bits as they are: bfloat16 and half (./quant-sixteen.ts). */
export const BF16 = 11;
export const F16 = 12;
/** Outputs of a panel. */
export const PANEL = 16;
