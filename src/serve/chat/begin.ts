/** A conversation handed to the engine, and a finished answer told whole: what every API that has conversations shares. */
import type { Context } from "hono";
import type { Answer } from "../../generate/answer.ts";
import type { Engine } from "../../generate/engine/engine.ts";
import type { Handle } from "../../generate/engine/handle.ts";
import type { AppEnv, Core } from "../core.ts";
import type { ResolvedModel } from "../models.ts";
import { submit } from "../submit.ts";
import { type ChatPlan, type ChatShape, planChat } from "./plan.ts";
import type { ChatRequest } from "./schema.ts";
import { AnswerTeller, type FinishReason } from "./teller.ts";

export interface BegunChat {
  readonly model: ResolvedModel;
  readonly engine: Engine;
  readonly plan: ChatPlan;
  readonly handle: Handle;
}

/**
 * Submits a request for the client that sent it.
 * @param id the answer's
 * @param stays whether the client's leaving leaves it be
 * @throws ApiError, UserError where something in it cannot be, or there is no room
 */
export async function beginChat(
  core: Core,
  c: Context<AppEnv>,
  request: ChatRequest,
  id: string,
  stays = false,
): Promise<BegunChat> {
  const model = core.models.resolve(request.model);
  const engine = await model.served.engine();
  const plan = planChat(request, model, engine, core.config);
  const { stream = false } = request;
  const handle = await submit(core, c, model, plan, { id, operation: "chat", stream, stays });
  return { model, engine, plan, handle };
}

export interface WholeCall {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
}

export interface WholeAnswer {
  readonly reasoning: string;
  readonly content: string;
  readonly calls: readonly WholeCall[];
  readonly finish: FinishReason;
  /** Further fields of the choice. */
  readonly details: object;
}

/** A finished answer in its parts. */
export function tellWhole(answer: Answer, shape: ChatShape): WholeAnswer {
  const teller = new AnswerTeller(shape);
  const pieces = [teller.take({ reasoning: answer.reasoning, content: answer.answer, tokens: [] }), teller.end()];
  const calls: (WholeCall & { arguments: string })[] = [];
  for (const { index, id = "", name, argumentsDelta } of pieces.flatMap((piece) => piece.calls)) {
    if (name === undefined) calls.find((call) => call.index === index)!.arguments += argumentsDelta;
    else calls.push({ index, id, name, arguments: argumentsDelta });
  }
  return {
    reasoning: pieces.map(({ reasoning }) => reasoning).join(""),
    content: pieces.map(({ content }) => content).join(""),
    calls,
    finish: teller.finishReason(answer),
    details: teller.details(answer),
  };
}
