// What can go wrong in a template, before it becomes a sentence for a user.

/** The template is no Jinja: told once, when it is read. */
export class TemplateSyntaxError extends Error {
  override readonly name = "TemplateSyntaxError";
  /** Counts from 1. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** Rendering failed: a wrong type, something undefined, or the template's own raise_exception. */
export class TemplateRuntimeError extends Error {
  override readonly name = "TemplateRuntimeError";
}
