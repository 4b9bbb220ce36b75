/** docs/api.md, from the catalogue: each operation, its fields and an example that runs. */
import { type Operation, operations } from "./catalogue.ts";
import { type JsonSchema, requestSchema } from "./openapi.ts";

/** Where the examples look for a server. */
export const EXAMPLE_URL = "http://127.0.0.1:8080";

export function apiMarkdown(): string {
  return `# The HTTP API

Made from the schemas that requests are checked by, with \`npm run docs\`; every example below is run by the tests. Start a server
with \`npx reckon serve\`; the same list to try in a browser is at \`/docs\`, as an OpenAPI document at \`/openapi.json\`.
Where the server has keys, send one as \`Authorization: Bearer KEY\` or \`x-api-key: KEY\`.

Unknown fields are ignored, \`null\` is as good as absent. Errors have OpenAI's shape,
\`{"error": {"message", "type", "param", "code"}}\`; \`code\` is a text that stays.

## Clients

OpenAI's client, streaming the thinking and the answer:

${fence("js", CLIENT_CHAT)}

A conversation that the server keeps:

${fence("js", CLIENT_RESPONSES)}

Anthropic's client:

${fence("js", CLIENT_MESSAGES)}

Ollama's client:

${fence("js", CLIENT_OLLAMA)}

${operations.map(section).join("\n\n")}
`;
}

const CLIENT_CHAT = `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${EXAMPLE_URL}/v1", apiKey: "none" });
const stream = await client.chat.completions.create({
  model: "deepseek-reasoner",
  messages: [{ role: "user", content: "What is 12 + 30?" }],
  max_tokens: 200,
  stream: true,
});
for await (const { choices } of stream) {
  process.stdout.write(choices[0]?.delta.reasoning_content ?? choices[0]?.delta.content ?? "");
}`;

const CLIENT_RESPONSES = `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${EXAMPLE_URL}/v1", apiKey: "none" });
const first = await client.responses.create({
  model: "deepseek-reasoner",
  input: "What is 12 + 30?",
  max_output_tokens: 200,
});
const second = await client.responses.create({
  model: "deepseek-reasoner",
  previous_response_id: first.id,
  input: "And 5 + 6?",
  max_output_tokens: 200,
});
console.log(second.output_text);`;

const CLIENT_MESSAGES = `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "${EXAMPLE_URL}", apiKey: "none" });
const message = await client.messages.create({
  model: "deepseek-reasoner",
  messages: [{ role: "user", content: "What is 12 + 30?" }],
  max_tokens: 200,
});
for (const block of message.content) console.log(block.type, block.thinking ?? block.text);`;

const CLIENT_OLLAMA = `import { Ollama } from "ollama";

const { message } = await new Ollama({ host: "${EXAMPLE_URL}" }).chat({
  model: "deepseek-reasoner",
  messages: [{ role: "user", content: "What is 12 + 30?" }],
});
console.log(message.thinking, message.content);`;

function section(operation: Operation): string {
  const { method, path, title, about, request, streams } = operation;
  const parts = [`## ${title}`, `\`${method.toUpperCase()} ${path}\``, about];
  if (streams === "events") parts.push("With `stream: true` it comes as server-sent events.");
  if (streams === "lines") parts.push("It comes as lines of JSON, with `stream: false` as one.");
  if (request !== undefined) parts.push(fieldTable(requestSchema(request)));
  if (request !== undefined || !path.includes("{")) parts.push(fence("sh", curl(operation)));
  return parts.join("\n\n");
}

function curl({ path, request, example }: Operation): string {
  if (request === undefined) return `curl -sf ${EXAMPLE_URL}${path}`;
  return `curl -sf ${EXAMPLE_URL}${path} -H 'content-type: application/json' -d '${JSON.stringify(example)}'`;
}

function fieldTable({ properties = {}, required = [] }: JsonSchema): string {
  const rows = Object.entries(properties).map(
    ([name, schema]) => `| \`${name}\`${required.includes(name) ? " (needed)" : ""} | ${typeOf(schema)} |`,
  );
  return ["| field | what it takes |", "| --- | --- |", ...rows].join("\n");
}

/** A schema in words. */
function typeOf(schema: JsonSchema): string {
  const any = (schema.anyOf ?? schema.oneOf) as readonly JsonSchema[] | undefined;
  if (any !== undefined) {
    const kinds = any.filter(({ type }) => type !== "null").map(typeOf);
    return [...new Set(kinds)].join(", or ");
  }
  if (schema.const !== undefined) return code(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map(code).join(", ");
  const kinds = [schema.type].flat().filter((type) => type !== "null");
  if (kinds.length > 1) return kinds.map((type) => typeOf({ ...schema, type })).join(", or ");
  switch (kinds[0]) {
    case "array":
      return `a list of: ${typeOf((schema.items ?? {}) as JsonSchema)}`;
    case "object": {
      const names = Object.keys(schema.properties ?? {});
      return names.length === 0 ? "an object" : `an object of ${names.map((name) => `\`${name}\``).join(", ")}`;
    }
    case "integer":
      return `a whole number${bounds(schema)}`;
    case "number":
      return `a number${bounds(schema)}`;
    case "string":
      return "a text";
    case "boolean":
      return "true or false";
    default:
      return "anything";
  }
}

function bounds({ minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  const isBound = (value: unknown): value is number =>
    typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  const least = isBound(minimum) ? ` from ${minimum}` : isBound(exclusiveMinimum) ? ` above ${exclusiveMinimum}` : "";
  return least + (isBound(maximum) ? ` to ${maximum}` : "");
}

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;
const fence = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;
