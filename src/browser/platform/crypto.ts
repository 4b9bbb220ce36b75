/** What the engine asks of node:crypto. */
export const randomBytes = (count: number): { readonly toString: (encoding: "hex") => string } => {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return { toString: () => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") };
};
