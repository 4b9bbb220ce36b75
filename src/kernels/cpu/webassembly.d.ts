/** The part of the WebAssembly interface used here: Node's types leave it to the DOM library, which has too much besides. */
declare namespace WebAssembly {
  class Module {
    private readonly brand: "module";
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
    grow(pages: number): number;
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  function validate(bytes: Uint8Array): boolean;
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
