/** What the engine asks of node:url: the path of the bundled model, which in a browser is a name only. */
export const fileURLToPath = (url: URL): string => url.pathname;
