/** Tools: whether a model can call them, and grammars for where it must. */

import { either, quoted, sequence } from "../../generate/constraint/ebnf.ts";
import { JSON_OBJECT, schemaGrammar, schemasGrammar } from "../../generate/constraint/json-schema.ts";
import type { SubmitOptions } from "../../generate/engine/handle.ts";
import type { ModelSession } from "../../generate/session.ts";
import { type ToolFormat, toolFormatOf, toolMarks } from "../../text/tool-calls.ts";
import { invalid } from "../errors.ts";
import type { ChatRequest } from "./schema.ts";

type Tool = NonNullable<ChatRequest["tools"]>[number];

/** The template for a request with these tools. */
export const templateFor = (session: ModelSession, tools: readonly Tool[] | undefined): string | null =>
  tools === undefined ? session.template : (session.about.toolChatTemplate ?? session.template);

/** The tools a request shows the model. */
export const shownTools = ({ tools, tool_choice: choice }: ChatRequest): readonly Tool[] | undefined =>
  tools === undefined || tools.length === 0 || choice === "none" ? undefined : tools;

/** The format calls are read in; null where there are none. @throws ApiError where the model cannot call, or the choice names no tool */
export function toolFormat(request: ChatRequest, session: ModelSession): ToolFormat | null {
  const choice = request.tool_choice;
  const tools = shownTools(request);
  if (tools === undefined) {
    if (choice === "required" || typeof choice === "object")
      throw invalid("There are no tools to choose from.", "tool_choice");
    return null;
  }
  if (typeof choice === "object" && !tools.some((tool) => tool.function.name === choice.function.name)) {
    throw invalid(`There is no tool named ${JSON.stringify(choice.function.name)}.`, "tool_choice.function.name");
  }
  const template = templateFor(session, tools);
  const format = toolFormatOf(template, session.tokenizer);
  if (format === null || !/\btools\b/.test(template ?? "")) {
    throw invalid(
      `The model ${session.name} was not trained to call tools: its chat template has no place for them.`,
      "tools",
      "tools_not_supported",
    );
  }
  return format;
}

/** What the answer must match: a schema, calls where they are required, or either where both are asked for. */
export function constraintOf(
  request: ChatRequest,
  format: ToolFormat | null,
  template: string | null,
): SubmitOptions["constraint"] {
  const schema = answerSchema(request.response_format);
  const tools = shownTools(request);
  if (tools === undefined || format === null) {
    if (schema === undefined) return undefined;
    return schema === JSON_OBJECT ? { kind: "json_object" } : { kind: "json_schema", schema };
  }
  const choice = request.tool_choice ?? "auto";
  if (choice === "auto" && schema === undefined) return undefined;
  const wanted =
    typeof choice === "object" ? tools.filter((tool) => tool.function.name === choice.function.name) : tools;
  const schemas = wanted.map(argumentsSchema);
  const several = request.parallel_tool_calls !== false;
  const grammar = schemasGrammar(choice === "auto" ? [...schemas, schema] : schemas, (pieces) => {
    const calls = callsPiece(format, wanted, pieces, several, template ?? "");
    return choice === "auto" ? either([pieces.at(-1)!, calls]) : calls;
  });
  return { kind: "grammar", grammar, marks: toolMarks(format) };
}

function answerSchema(format: ChatRequest["response_format"]): unknown {
  if (format === undefined || format.type === "text") return undefined;
  return format.type === "json_object" ? (format.schema ?? JSON_OBJECT) : format.json_schema.schema;
}

/** A schema that cannot be held to is only refused where it is to be strict; else any object will do. */
function argumentsSchema({ function: { parameters, strict } }: Tool): unknown {
  if (parameters === undefined) return JSON_OBJECT;
  if (strict) return parameters;
  try {
    schemaGrammar(parameters);
    return parameters;
  } catch {
    return JSON_OBJECT;
  }
}

/** One call or more as the model's template writes them. */
function callsPiece(
  format: ToolFormat,
  tools: readonly Tool[],
  schemas: readonly string[],
  several: boolean,
  template: string,
): string {
  const around = (before: string, piece: string, after: string): string =>
    sequence([quoted(before), piece, quoted(after)]);
  if (format === "hermes") {
    const call = either(
      tools.map(({ function: { name } }, i) =>
        around(`<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": `, schemas[i], "}\n</tool_call>"),
      ),
    );
    return several ? `${call} ("\\n" ${call})*` : call;
  }
  // V3 and R1 fence the arguments and name their type, V3.1 does neither.
  const fenced = template.includes("```json");
  const call = either(
    tools.map(({ function: { name } }, i) =>
      fenced
        ? around(
            `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n`,
            schemas[i],
            "\n```<｜tool▁call▁end｜>",
          )
        : around(`<｜tool▁call▁begin｜>${name}<｜tool▁sep｜>`, schemas[i], "<｜tool▁call▁end｜>"),
    ),
  );
  const more = several ? ` (${fenced ? '"\\n" ' : ""}${call})*` : "";
  return `"<｜tool▁calls▁begin｜>" ${call}${more} "<｜tool▁calls▁end｜>"`;
}
