/** The number of every kernel, read by both sides: TypeScript names a kernel by it, the wasm dispatches on it. */
export const LINEAR = 0;
export const LINEAR_GRAD_WEIGHT = 1;
export const PACK = 2;

export const FILL = 10;
export const ADD = 11;
export const AXPY = 12;
export const SCALE = 13;
export const SUM_SQUARES = 14;
export const RMS_NORM = 15;
export const RMS_NORM_GRAD = 16;
export const ROPE = 17;
export const SWIGLU = 18;
export const SWIGLU_GRAD = 19;
export const EMBEDDING = 20;
export const EMBEDDING_GRAD = 21;
export const COPY = 22;

// 30 to 39 attention, 40 to 49 mixture of experts, 50 to 54 loss, 55 to 59 optimizers.

export const EXP = 60;
