/** How every route hands a prompt to a model: for the client that asked, for as long as it stays, noted in log and trace. */
import type { Context } from "hono";
import type { Handle, SubmitOptions } from "../generate/engine/handle.ts";
import type { Prompt } from "../generate/prompt.ts";
import type { AppEnv, Core } from "./core.ts";
import type { ResolvedModel } from "./models.ts";

export interface Submission {
  /** The answer's. */
  readonly id: string;
  readonly operation: "chat" | "text_completion";
  readonly stream: boolean;
  /** The client's leaving leaves it be. */
  readonly stays?: boolean;
}

/** @throws ApiError, UserError where something in it cannot be, or there is no room */
export async function submit(
  core: Core,
  c: Context<AppEnv>,
  model: ResolvedModel,
  { prompt, options }: { readonly prompt: Prompt; readonly options: SubmitOptions },
  { id, operation, stream, stays = false }: Submission,
): Promise<Handle> {
  const engine = await model.served.engine();
  core.traces?.asked(id, c.get("span"), { operation, model: model.id, options });
  try {
    const handle = await engine.submit(prompt, {
      ...options,
      id,
      owner: c.get("client"),
      signal: stays ? undefined : c.req.raw.signal,
      deadlineMs: core.config.deadlineMs || undefined,
    });
    Object.assign(c.get("logged"), { id, model: model.served.id, stream });
    return handle;
  } catch (error) {
    core.traces?.refused(id);
    throw error;
  }
}
