/** The one error a user is meant to read: a clear sentence, the offending parameter where there is one, and the exit code. */
export class UserError extends Error {
  override readonly name = "UserError";
  /** 1: the work failed; 2: the command was used wrongly. */
  readonly exitCode: 1 | 2;
  /** A stable machine name of the kind of error, as OpenAI's `type`. */
  readonly type: string;
  /** The flag, field, file or tensor that is wrong. */
  readonly param: string | null;

  constructor(
    message: string,
    options: { exitCode?: 1 | 2; type?: string; param?: string | null; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
    this.type = options.type ?? (this.exitCode === 2 ? "usage_error" : "failed");
    this.param = options.param ?? null;
  }
}

/** A wrong flag, argument or preset: exit code 2. */
export const usageError = (message: string, param: string | null = null): UserError =>
  new UserError(message, { exitCode: 2, param });

/** What an error of a parser or the system says, on one line of at most `length` letters, for use inside a sentence. */
export const reasonOf = (error: unknown, length = 100): string =>
  String((error as Error | null)?.message ?? error)
    // parsers quote what they were given, whatever letters that has
    .replace(/[\s\p{Cc}]+/gu, " ")
    .replace(/\.$/, "")
    .slice(0, length);
