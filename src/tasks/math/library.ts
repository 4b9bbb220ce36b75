/** What `import { verify } from "reckon/verify"` gives. */
export { DEFAULT_BUDGET_MS, type SafeOptions, Verifier, verifySafely } from "./safely.ts";
export { finalAnswer, type MathVerdict, type VerifyOptions, verify } from "./verify.ts";
