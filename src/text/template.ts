// Chat messages to the text a model was trained on, by the Jinja template that comes with it. The bundled model's template is here:
// DeepSeek-R1's, without tools, which ends inside an open think block so that the model starts by thinking.

import fs from "node:fs";
import path from "node:path";
import { UserError } from "../error.ts";
import { TemplateRuntimeError, TemplateSyntaxError } from "./jinja/errors.ts";
import { JinjaTemplate } from "./jinja/template.ts";

/** One message, as OpenAI's and DeepSeek's APIs have it; templates may read further fields. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

export interface RenderOptions {
  /** Left out: None, as in transformers. */
  readonly tools?: readonly unknown[];
  readonly documents?: readonly unknown[];
  /** Ends with the opening of the assistant's turn. Default true. */
  readonly addGenerationPrompt?: boolean;
  readonly bosToken?: string;
  readonly eosToken?: string;
  /** Further variables of the template, e.g. enable_thinking; they win over the ones above. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** What the template's strftime_now takes for the time. Default: now. */
  readonly now?: Date;
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

/**
 * Renders messages with a template, byte for byte as transformers' apply_chat_template does with Jinja2. What a template may use up
 * is bounded (jinja/budget.ts). @throws UserError
 */
export function renderChat(template: string, messages: readonly ChatMessage[], options: RenderOptions = {}): string {
  const parsed = parse(template);
  try {
    return parsed.render(
      {
        messages,
        tools: options.tools ?? null,
        documents: options.documents ?? null,
        add_generation_prompt: options.addGenerationPrompt ?? true,
        bos_token: options.bosToken,
        eos_token: options.eosToken,
        ...options.variables,
      },
      options.now,
    );
  } catch (error) {
    if (!(error instanceof TemplateRuntimeError)) throw error;
    throw new UserError(`The chat template refused the messages: ${oneLine(error.message)}.`, {
      param: "messages",
      type: "invalid_messages",
      cause: error,
    });
  }
}

/**
 * The chat template of a model's folder: chat_template.jinja (with tools: additional_chat_templates/tool_use.jinja where it is
 * there), chat_template.json, or the one in tokenizer_config.json (of several, `tool_use` where tools are given and `default`
 * else); null where there is none. @throws UserError
 */
export function loadChatTemplate(folder: string, forTools = false): string | null {
  const own = (name: string): string => path.join(folder, name);
  const jinja = [...(forTools ? ["additional_chat_templates/tool_use.jinja"] : []), "chat_template.jinja"].map(own);
  const file = jinja.find((one) => fs.existsSync(one));
  if (file !== undefined) return fs.readFileSync(file, "utf8");
  for (const name of ["chat_template.json", "tokenizer_config.json"]) {
    if (!fs.existsSync(own(name))) continue;
    const chosen = chooseTemplate(templateField(own(name)), forTools);
    if (chosen !== null) return chosen;
  }
  return null;
}

function templateField(file: string): unknown {
  try {
    return (JSON.parse(fs.readFileSync(file, "utf8")) as { chat_template?: unknown } | null)?.chat_template;
  } catch (error) {
    throw new UserError(
      `${file} is not valid JSON (${oneLine((error as Error).message)}); use the one published with the model.`,
      { param: file, type: "invalid_template", cause: error },
    );
  }
}

/** One template, a list of {name, template}, or an object of them by name. */
function chooseTemplate(field: unknown, forTools: boolean): string | null {
  if (typeof field === "string") return field;
  if (typeof field !== "object" || field === null) return null;
  const named = Array.isArray(field)
    ? new Map(field.map((one: { name?: unknown; template?: unknown } | null) => [one?.name, one?.template]))
    : new Map<unknown, unknown>(Object.entries(field));
  const chosen = (forTools ? named.get("tool_use") : undefined) ?? named.get("default");
  return typeof chosen === "string" ? chosen : null;
}

/** Templates are few and used for every request. */
const parsedTemplates = new Map<string, JinjaTemplate>();

function parse(template: string): JinjaTemplate {
  const known = parsedTemplates.get(template);
  if (known !== undefined) return known;
  try {
    const parsed = new JinjaTemplate(template);
    if (parsedTemplates.size >= 64) parsedTemplates.clear();
    parsedTemplates.set(template, parsed);
    return parsed;
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    throw new UserError(`The chat template is not valid Jinja: ${oneLine(error.message)} (line ${error.line}).`, {
      param: "template",
      type: "invalid_template",
      cause: error,
    });
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").replace(/\.$/, "").slice(0, 200);
