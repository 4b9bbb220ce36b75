/** From a chat request to what the engine is asked, and how its answer is to be told. */
import type { Engine } from "../../generate/engine/engine.ts";
import type { SubmitOptions } from "../../generate/engine/handle.ts";
import { promptTooLong } from "../../generate/engine/plan.ts";
import { chatPrompt, type Prompt } from "../../generate/prompt.ts";
import type { ModelSession } from "../../generate/session.ts";
import { endsInsideThink } from "../../text/reasoning.ts";
import { type ToolFormat, toolMarks } from "../../text/tool-calls.ts";
import type { ServeConfig } from "../config.ts";
import { invalid } from "../errors.ts";
import type { ResolvedModel } from "../models.ts";
import { type Price, priceOf } from "../price.ts";
import { clampTokens, samplingOptions } from "../sampling.ts";
import { type Conversation, readConversation } from "./messages.ts";
import type { ChatRequest } from "./schema.ts";
import { type ThinkingWish, thinkingWish } from "./thinking.ts";
import { constraintOf, shownTools, templateFor, toolFormat } from "./tools.ts";

/** How an answer is told. */
export interface ChatShape {
  /** Whether thinking is told, in a field of its own. */
  readonly reasoning: boolean;
  readonly reasoningField: ServeConfig["reasoningField"];
  readonly logprobs: boolean;
  /** Null: what looks like a call is text. */
  readonly tools: ToolFormat | null;
  /** Null: usages have no cost. */
  readonly price: Price | null;
}

export interface ChatPlan {
  readonly prompt: Prompt;
  readonly options: SubmitOptions;
  readonly shape: ChatShape;
}

/** What of a request is rendered: for /apply-template too. @throws ApiError, UserError */
export function renderPrompt(request: ChatRequest, session: ModelSession, wish: ThinkingWish): Prompt {
  const { tokenizer } = session;
  const tools = shownTools(request);
  const template = templateFor(session, tools);
  if (template === null) {
    throw invalid(`The model ${session.name} has no chat template; use /v1/completions.`, "model", "no_chat_template");
  }
  const conversation = readConversation(request.messages);
  const rendered = chatPrompt(tokenizer, template, conversation.messages, {
    tools,
    variables: {
      // Names of Qwen3's and DeepSeek-V3.1's templates; others have no use for them.
      ...(wish.thinks === null ? {} : { enable_thinking: wish.thinks, thinking: wish.thinks }),
      ...request.chat_template_kwargs,
    },
  });
  return goOn(session, rendered, wish, conversation);
}

/** @throws ApiError, UserError */
export function planChat(request: ChatRequest, model: ResolvedModel, engine: Engine, config: ServeConfig): ChatPlan {
  const { session, context } = engine;
  const asked = request.max_completion_tokens ?? request.max_tokens;
  const wish = thinkingWish(request, model.thinks, Math.min(asked ?? context, context));
  const tools = toolFormat(request, session);
  const prompt = renderPrompt(request, session, wish);
  if (prompt.ids.length >= context) throw promptTooLong(prompt.ids.length, context);
  const hidden = request.include_reasoning === false || request.reasoning?.exclude === true;
  const whole = request.reasoning_format === "none";
  const minimum = request.thinking_minimum_tokens;
  const logprobs = request.logprobs === true || request.entropy === true;
  return {
    prompt,
    options: {
      ...samplingOptions(request, session.tokenizer.vocabSize),
      maxTokens: clampTokens(asked, prompt.ids.length, context),
      thinkBudget: wish.budget,
      thinkMinimum: wish.thinks === false ? undefined : minimum,
      logprobs: logprobs ? (request.top_logprobs ?? 0) : undefined,
      entropy: request.entropy,
      keepTokens: tools === null ? undefined : toolMarks(tools),
      constraint: constraintOf(request, tools, templateFor(session, shownTools(request))),
      plain: whole ? true : undefined,
    },
    shape: {
      reasoning: !hidden && !whole && wish.thinks !== false && session.reasoningFormat !== null,
      reasoningField: request.reasoning_field ?? config.reasoningField,
      logprobs,
      tools,
      price: priceOf(config.price, engine.slots),
    },
  };
}

/** Takes the prompt to where the answer begins: past thinking that is not wanted, into thinking that is, or to a prefix's end. */
function goOn(session: ModelSession, rendered: Prompt, wish: ThinkingWish, { prefix }: Conversation): Prompt {
  const { tokenizer, reasoningFormat: format } = session;
  let { text } = rendered;
  const ids = [...rendered.ids];
  const add = (piece: string, ours: boolean): void => {
    text += piece;
    for (const id of tokenizer.encode(piece, { parseSpecial: ours })) ids.push(id);
  };
  const inside = format !== null && endsInsideThink(text, format);
  if (prefix !== null) {
    if (format !== null && prefix.reasoning !== null) {
      if (!inside) add(format.open, true);
      add(prefix.reasoning, false);
      if (prefix.content !== "") add(format.close, true);
    } else if (inside) add(format!.close, true);
    add(prefix.content, false);
  } else if (format !== null && inside && wish.thinks === false) add(format.close, true);
  else if (format !== null && !inside && wish.thinks === true && !text.trimEnd().endsWith(format.close)) {
    // Some models think only where the block is opened for them.
    add(format.open, true);
  }
  const goesOnThinking = prefix !== null && prefix.reasoning !== null && prefix.content === "" && format !== null;
  return { text, ids, ...(goesOnThinking ? { insideThink: true } : {}) };
}
