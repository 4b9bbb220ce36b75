/** The number of every kernel, read by both sides: TypeScript names a kernel by it, the wasm dispatches on it. */
export const LINEAR = 0;
export const LINEAR_GRAD_WEIGHT = 1;
export const PACK = 2;
export const PEAK = 3;

export const FILL = 10;
export const ADD = 11;
export const AXPY = 12;
export const SCALE = 13;
export const SQUARE_RUNS = 14;
export const RMS_NORM = 15;
export const RMS_NORM_GRAD = 16;
export const ROPE = 17;
export const SWIGLU = 18;
export const SWIGLU_GRAD = 19;
export const EMBEDDING = 20;
export const EMBEDDING_GRAD = 21;
export const COPY = 22;
export const SUM_RUNS = 23;
export const RMS_NORM_GRAD_SUM = 24;
export const ADD_BIAS = 25;
export const BIAS_GRAD = 26;
export const COPY_STRIDED = 27;

export const ATTENTION = 30;
export const ATTENTION_GRAD = 31;
export const ATTENTION_CACHED = 32;
export const CACHE_APPEND = 33;
export const CACHE_COPY = 34;
export const MLA_KEYS = 35;
export const MLA_KEYS_GRAD = 36;
export const ATTENTION_LATENT = 37;

export const ROUTER = 40;
export const ROUTER_GRAD = 41;
export const MOE_PLAN = 42;
export const MOE_GATHER = 43;
export const MOE_GATHER_GRAD = 44;
export const MOE_COMBINE = 45;
export const MOE_COMBINE_GRAD = 46;

export const TOKEN_LOG_PROBS = 50;
export const TOKEN_LOG_PROBS_GRAD = 51;

export const ADAMW = 55;
export const MUON_MOMENTUM = 56;

export const EXP = 60;

export const QUANT_ROWS = 65;
export const QUANT_LINEAR = 66;
export const QUANT_PACK = 67;
export const QUANT_EMBEDDING = 68;
export const QUANT_PANEL_BYTES = 69;

export const READ_MEMORY = 75;
export const PEAK_DOT = 76;
