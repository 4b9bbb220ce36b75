// Chat messages to the text a model was trained on, by the Jinja template that comes with it. The bundled model's template is here:
// DeepSeek-R1's, without tools, which ends inside an open think block so that the model starts by thinking.

import fs from "node:fs";
import path from "node:path";
import { Template } from "@huggingface/jinja";
import { UserError } from "../error.ts";

export { endsInsideThink } from "./reasoning.ts";

/** One message, as OpenAI's and DeepSeek's APIs have it; templates may read further fields. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

export interface RenderOptions {
  readonly tools?: readonly unknown[];
  /** Ends with the opening of the assistant's turn. Default true. */
  readonly addGenerationPrompt?: boolean;
  readonly bosToken?: string;
  readonly eosToken?: string;
  /** Further variables of the template, e.g. enable_thinking; they win over the ones above. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/**
 * The bundled model's template. As DeepSeek's: system messages are joined in front without a mark, earlier thinking is left out
 * (the text after the last </think> stays), and generation starts inside <think>.
 */
export const BUNDLED_TEMPLATE = `{%- if not add_generation_prompt is defined -%}
  {%- set add_generation_prompt = false -%}
{%- endif -%}
{%- set ns = namespace(system='', first=true) -%}
{%- for message in messages -%}
  {%- if message['role'] == 'system' -%}
    {%- if ns.first -%}
      {%- set ns.system = message['content'] -%}
      {%- set ns.first = false -%}
    {%- else -%}
      {%- set ns.system = ns.system + '\\n\\n' + message['content'] -%}
    {%- endif -%}
  {%- endif -%}
{%- endfor -%}
{{- bos_token -}}{{- ns.system -}}
{%- for message in messages -%}
  {%- if message['role'] == 'user' -%}
    {{- '<｜User｜>' + message['content'] -}}
  {%- elif message['role'] == 'assistant' -%}
    {{- '<｜Assistant｜>' + message['content'].split('</think>')[-1] + '<｜end▁of▁sentence｜>' -}}
  {%- elif message['role'] != 'system' -%}
    {{- raise_exception('this model knows the roles system, user and assistant, not ' + message['role']) -}}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- '<｜Assistant｜><think>' -}}
{%- endif -%}
`;

/** Renders messages with a template, byte for byte as transformers' apply_chat_template does. @throws UserError */
export function renderChat(template: string, messages: readonly ChatMessage[], options: RenderOptions = {}): string {
  const parsed = parse(template);
  try {
    return parsed.render({
      messages,
      // templates test "is defined": absent means absent, as in transformers
      ...(options.tools === undefined ? {} : { tools: options.tools }),
      add_generation_prompt: options.addGenerationPrompt ?? true,
      ...(options.bosToken === undefined ? {} : { bos_token: options.bosToken }),
      ...(options.eosToken === undefined ? {} : { eos_token: options.eosToken }),
      ...options.variables,
    });
  } catch (error) {
    throw new UserError(`The chat template refused the messages: ${oneLine((error as Error).message)}.`, {
      param: "messages",
      type: "invalid_messages",
      cause: error,
    });
  }
}

/**
 * The chat template of a model's folder: chat_template.jinja, or the one in tokenizer_config.json (of several, `tool_use` where tools
 * are given and `default` else); null where there is none.
 */
export function loadChatTemplate(folder: string, forTools = false): string | null {
  const jinja = path.join(folder, "chat_template.jinja");
  if (fs.existsSync(jinja)) return fs.readFileSync(jinja, "utf8");
  const file = path.join(folder, "tokenizer_config.json");
  if (!fs.existsSync(file)) return null;
  let template: unknown;
  try {
    template = (JSON.parse(fs.readFileSync(file, "utf8")) as { chat_template?: unknown }).chat_template;
  } catch (error) {
    throw new UserError(
      `${file} is not valid JSON (${oneLine((error as Error).message)}); use the one published with the model.`,
      {
        param: file,
        cause: error,
      },
    );
  }
  if (typeof template === "string") return template;
  if (!Array.isArray(template)) return null;
  const named = new Map(template.map((one: { name?: string; template?: string }) => [one.name, one.template]));
  return (forTools ? named.get("tool_use") : undefined) ?? named.get("default") ?? null;
}

/** Templates are few and used for every request. */
const parsedTemplates = new Map<string, Template>();

function parse(template: string): Template {
  const known = parsedTemplates.get(template);
  if (known !== undefined) return known;
  try {
    const parsed = new Template(template);
    if (parsedTemplates.size >= 64) parsedTemplates.clear();
    parsedTemplates.set(template, parsed);
    return parsed;
  } catch (error) {
    throw new UserError(`The chat template is not valid Jinja: ${oneLine((error as Error).message)}.`, {
      param: "template",
      type: "invalid_template",
      cause: error,
    });
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").replace(/\.$/, "").slice(0, 200);
