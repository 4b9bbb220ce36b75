/** A page cannot ask for it. */
export function collectGarbage(): void {}
