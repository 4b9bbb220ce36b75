// Messages as the API has them to messages as a model's chat template wants them: templates differ in whether a call's arguments are
// JSON text or an object, in whether a message with calls may have no content, and in what they call the thinking.

import { parseJson } from "./jinja/values.ts";
import { type ChatMessage, renderChat } from "./template.ts";

/**
 * Adapts assistant messages with tool calls to what the template writes out in full (found by rendering a probe), and gives the
 * thinking under the names that templates read it by, as transformers does. Messages a template cannot write either way stay as
 * they are.
 */
export function messagesForTemplate(template: string, messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.map((message) => withCalls(template, withThinking(message)));
}

function withThinking(message: ChatMessage): ChatMessage {
  const thinking = [message.reasoning_content, message.thinking, message.reasoning].find(
    (one) => one !== undefined && one !== null,
  );
  return thinking === undefined ? message : { thinking, ...message, reasoning_content: thinking };
}

interface Call {
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown };
  readonly [field: string]: unknown;
}

function withCalls(template: string, message: ChatMessage): ChatMessage {
  const calls = message.tool_calls;
  if (!Array.isArray(calls) || calls.length === 0) return message;
  const given = message.content ?? null;
  const empty = given === null || given === "";
  const contents = empty ? [given, given === null ? "" : null] : [given];
  for (const content of contents) {
    for (const form of ["object", "text"] as const) {
      if (!writesOut(template, empty ? content : "x", form)) continue;
      return { ...message, content, tool_calls: calls.map((call: Call) => withArguments(call, form)) };
    }
  }
  return message;
}

function withArguments(call: Call, form: "text" | "object"): Call {
  const given = call.function?.arguments;
  if (form === "object" && typeof given === "string") {
    const parsed = objectOf(given);
    return parsed === null ? call : { ...call, function: { ...call.function, arguments: parsed } };
  }
  if (form === "text" && typeof given === "object" && given !== null) {
    return { ...call, function: { ...call.function, arguments: JSON.stringify(given) } };
  }
  return call;
}

function objectOf(json: string): object | null {
  try {
    const value = parseJson(json.trim() === "" ? "{}" : json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** By template, content and form: whether a call's arguments come out of it. */
const probed = new Map<string, Map<string, boolean>>();

function writesOut(template: string, content: unknown, form: "text" | "object"): boolean {
  let known = probed.get(template);
  if (known === undefined) {
    if (probed.size >= 64) probed.clear();
    known = new Map();
    probed.set(template, known);
  }
  const key = `${JSON.stringify(content)} ${form}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const result = probe(template, content, form);
  known.set(key, result);
  return result;
}

/** Renders one call whose arguments are easy to find. As text they must come out as they went in, not quoted once more. */
function probe(template: string, content: unknown, form: "text" | "object"): boolean {
  const json = '{"needle":1}';
  const call = {
    id: "call00000",
    type: "function",
    function: { name: "probe", arguments: form === "text" ? json : { needle: 1 } },
  };
  const messages = [
    { role: "user", content: "?" },
    { role: "assistant", content, tool_calls: [call] },
    // some templates treat the last message otherwise than those before
    { role: "tool", content: "!", tool_call_id: call.id, name: "probe" },
    { role: "user", content: "?" },
  ];
  try {
    const text = renderChat(template, messages, { addGenerationPrompt: false, bosToken: "", eosToken: "" });
    return form === "text" ? text.includes(json) : text.includes("needle");
  } catch {
    return false;
  }
}
