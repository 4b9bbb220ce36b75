/** The time that a verifier and its thread tell each other. Apart from the thread's module: whoever loads that one is the thread. */

/** Milliseconds that fit a word of 32 bits. */
export const clock = (): number => Date.now() % 0x7fffffff;
