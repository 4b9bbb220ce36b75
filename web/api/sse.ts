/** Server-sent events out of a response's body: the data of each, and its number where the stream can be read on. */

export interface ServerEvent {
  /** Null where events have no numbers. */
  readonly id: number | null;
  readonly data: string;
}

export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let held = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      held += decoder.decode(value, { stream: true });
      let from = 0;
      for (let end = held.indexOf("\n\n"); end >= 0; end = held.indexOf("\n\n", from)) {
        const event = readEvent(held.slice(from, end));
        from = end + 2;
        if (event !== null) yield event;
      }
      held = held.slice(from);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function readEvent(text: string): ServerEvent | null {
  let [id, data]: [number | null, string | null] = [null, null];
  for (const line of text.split("\n")) {
    if (line.startsWith("data: ")) data = line.slice(6);
    else if (line.startsWith("id: ")) id = Number(line.slice(4));
  }
  return data === null ? null : { id, data };
}
