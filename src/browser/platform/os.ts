/** What the engine asks of node:os. */
export const hostname = (): string => "browser";
export const freemem = (): number => Number.POSITIVE_INFINITY;
