/** Server-sent events out of a byte stream: the data of each event, whatever pieces the bytes come in. */

/** Yields the data of every event, comments and other fields left out (WHATWG HTML, 9.2.6). @param onBytes told of every piece */
export async function* eventData(body: ReadableStream<Uint8Array>, onBytes: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  let data: string[] = [];
  for await (const piece of body) {
    onBytes();
    held += decoder.decode(piece, { stream: true });
    // A carriage return at the very end may be the first half of a line end.
    const safe = held.endsWith("\r") ? held.length - 1 : held.length;
    const lines = held.slice(0, safe).split(/\r\n|\r|\n/);
    held = lines.pop()! + held.slice(safe);
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) yield data.join("\n");
        data = [];
      } else if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
    }
  }
  if (held.startsWith("data:")) data.push(held.slice(5).trim());
  if (data.length > 0) yield data.join("\n");
}
