/** The part of a worker's and a page's surroundings used here: Node's types leave it to the DOM library, which has too much besides. */
interface WorkerScope {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  readonly location: { readonly href: string };
}
declare const self: WorkerScope;
declare const document: { readonly baseURI: string };

declare class Worker {
  constructor(url: URL, options: { readonly type: "module"; readonly name?: string });
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { readonly message: string }) => void) | null;
}
