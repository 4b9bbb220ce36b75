/** store.ts for the browser: nothing is pulled there, so a name is the path it looks like. */
export const locateModel = (named: string): string => named;
