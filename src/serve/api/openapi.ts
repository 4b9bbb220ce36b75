/** The catalogue as an OpenAPI 3.1 document. */
import { z } from "zod";
import { type Operation, operations } from "./catalogue.ts";

/** A JSON Schema, as zod writes it. */
export interface JsonSchema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** What a request may hold, as JSON Schema; what is checked beyond that is told by the error. */
export function requestSchema(request: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(request, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return schema;
}

export function openApi(version: string) {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Reckon", version, description: "DeepSeek-R1 as open software: the HTTP API of `reckon serve`." },
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer", description: "Where the server has keys." } },
      schemas: { Error: requestSchema(errorBody) },
    },
  };
}

const errorBody = z.object({
  error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() }),
});

function describe({ path, title, about, request, example, streams, mediaType, open }: Operation) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const any = { schema: {} };
  return {
    summary: title,
    description: about,
    ...(open ? {} : { security: [{ key: [] }, {}] }),
    ...(names.length === 0
      ? {}
      : { parameters: names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })) }),
    ...(request === undefined
      ? {}
      : {
          requestBody: { required: true, content: { "application/json": { schema: requestSchema(request), example } } },
        }),
    responses: {
      200: {
        description: "The answer",
        content: {
          [mediaType ?? "application/json"]: any,
          ...(streams ? { [streams === "events" ? "text/event-stream" : "application/x-ndjson"]: any } : {}),
        },
      },
      default: {
        description: "What was wrong",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
  };
}
