// Clients that mean harm, over real sockets: bodies that reach for prototypes, texts that would make the server call somebody,
// connections that trickle, keys that are guessed, limits that are dodged. security.test.ts has who may ask at all.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { createServer } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { type AddressInfo, connect } from "node:net";
import { after, before, test } from "node:test";
import { Keys } from "./keys.ts";
import { call, stream, tinyModelFolder, user, withServer } from "./test-server.ts";

let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
before(async () => {
  tiny = await tinyModelFolder();
});
after(() => tiny.remove());

const ask = { messages: user("hi"), max_tokens: 3, seed: 1, ignore_eos: true };

test("no body reaches an object's prototype, at whatever depth, by whatever API", async () => {
  const poison = '{"polluted":1,"n":9,"stream":true}';
  // JSON.parse makes of "__proto__" a property like any other; whoever copies it carelessly sets the prototype.
  const poisoned = (body: object): string =>
    JSON.stringify({ ...body, marker: 0 })
      .replaceAll('"marker":0', `"__proto__":${poison},"constructor":{"prototype":${poison}}`)
      .replaceAll('"inner":0', `"__proto__":${poison}`);
  const schema = { type: "object", properties: { a: { type: "integer" }, inner: 0 }, inner: 0 };
  await withServer({ models: [tiny.folder] }, async (url) => {
    const plain = (await call(`${url}/v1/chat/completions`, ask)).body.choices;
    for (const body of [
      ask,
      { ...ask, chat_template_kwargs: { inner: 0 } },
      { ...ask, messages: [{ ...ask.messages[0], inner: 0 }] },
      { ...ask, thinking: { type: "enabled", inner: 0 }, stream_options: { inner: 0 } },
    ]) {
      const { status, body: told } = await call(`${url}/v1/chat/completions`, poisoned(body));
      assert.equal(status, 200);
      assert.deepEqual(told.choices, plain, "neither n nor stream was taken from there");
    }
    const format = { type: "json_schema", json_schema: { name: "x", schema } };
    const others: [string, object][] = [
      ["/v1/chat/completions", { ...ask, response_format: format }],
      ["/v1/chat/completions", { ...ask, logit_bias: { inner: 0 } }],
      ["/v1/completions", { prompt: "x", max_tokens: 1 }],
      ["/v1/responses", { input: "x", max_output_tokens: 1, metadata: { inner: 0 } }],
      ["/v1/messages", { model: "tiny", messages: user("x"), max_tokens: 1, metadata: { inner: 0 } }],
      ["/api/chat", { model: "tiny", messages: user("x"), stream: false, options: { num_predict: 1, inner: 0 } }],
    ];
    for (const [path, body] of others) assert.ok((await call(url + path, poisoned(body))).status <= 400, path);
  });
  for (const key of ["polluted", "n", "stream"]) assert.ok(!(key in {}) && !(key in []), key);
});

test("nothing in a request makes the server call anybody", async () => {
  let calls = 0;
  const trap = createServer((_, response) => {
    calls++;
    response.end("{}");
  });
  trap.on("connection", () => calls++);
  await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
  const there = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/x.json`;
  const image = [{ role: "user", content: [{ type: "image_url", image_url: { url: there } }] }];
  const refer = { $ref: there, $schema: there, $id: there };
  await withServer({ models: [tiny.folder] }, async (url) => {
    const status = async (path: string, body: object) => (await call(url + path, body)).status;
    for (const model of [there, "file:///etc/passwd", "/etc/passwd", "../../etc/passwd", tiny.folder, "hf://a/b"]) {
      assert.equal(await status("/v1/chat/completions", { ...ask, model }), 404, model);
    }
    const asks: [string, object][] = [
      ["/v1/chat/completions", { ...ask, messages: image }],
      ["/v1/responses", { input: [{ role: "user", content: [{ type: "input_image", image_url: there }] }] }],
      [
        "/v1/messages",
        {
          model: "tiny",
          max_tokens: 2,
          messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url: there } }] }],
        },
      ],
      ["/v1/chat/completions", { ...ask, response_format: { type: "json_schema", json_schema: { schema: refer } } }],
      ["/api/chat", { model: "tiny", messages: user("x"), format: refer, stream: false }],
    ];
    for (const [path, body] of asks) assert.equal(await status(path, body), 400, `${path} ${JSON.stringify(body)}`);
    // What is ignored is ignored wholly, and text is text.
    for (const more of [{ callback: there, webhook: there, base_url: there, api_base: there }, { user: there }]) {
      assert.equal(await status("/v1/chat/completions", { ...ask, ...more, messages: user(there) }), 200);
    }
  });
  assert.equal(calls, 0);
  trap.close();
});

test("headers and bodies that trickle in lose their connection when their time is up, however steadily they come", async () => {
  await withServer({ models: [tiny.folder], receiveMs: 1000 }, async (url) => {
    const { hostname, port } = new URL(url);
    const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n";
    const trickle = (first: string, drop: string): Promise<string> =>
      new Promise((resolve) => {
        let told = "";
        let drip: NodeJS.Timeout | undefined;
        const socket = connect(Number(port), hostname, () => {
          socket.write(first);
          drip = setInterval(() => socket.write(drop), 20);
        });
        socket.setEncoding("utf8").on("data", (data) => {
          told += data;
        });
        socket.on("error", () => {});
        socket.on("close", () => {
          clearInterval(drip);
          resolve(told);
        });
      });
    const crowd = Array.from({ length: 20 }, (_, i) =>
      i % 2 === 0 ? trickle(head, "x: y\r\n") : trickle(`${head}content-length: 100000\r\n\r\n{"a":"`, "z"),
    );
    // They keep nobody else waiting.
    assert.equal((await call(`${url}/v1/chat/completions`, ask)).status, 200);
    for (const told of await Promise.all(crowd)) assert.match(told, /^$|^HTTP\/1.1 408[\s\S]*request_timeout/);
  });
});

test("a key is compared as a hash, with every key there is and in constant time, whatever is presented", (t) => {
  const compared = t.mock.method(crypto, "timingSafeEqual");
  syncBuiltinESMExports();
  try {
    const keys = new Keys(["first-key", "second-key", "third-key"]);
    for (const presented of ["first-key", "third-key", "first-kez", "f", "", "x".repeat(10_000), "sha256:00"]) {
      compared.mock.resetCalls();
      assert.equal(keys.check(presented) !== null, ["first-key", "third-key"].includes(presented));
      assert.equal(compared.mock.callCount(), 3, presented.slice(0, 20));
      for (const { arguments: sides } of compared.mock.calls)
        assert.ok(sides.every((side) => side instanceof Buffer && side.length === 32));
    }
  } finally {
    compared.mock.restore();
    syncBuiltinESMExports();
  }
});

test("a key's tokens count whoever leaves early, whichever header or API is used, and each key for itself", async () => {
  const apiKeys = [{ key: "small", tokensPerMinute: 1 }, "large"];
  const chat = { ...ask, max_tokens: 240 };
  for (const way of ["left", "api"] as const) {
    await withServer({ models: [tiny.folder], slots: 1, apiKeys }, async (url, { core }) => {
      const as = (key: string, header = "authorization") => ({
        headers: { [header]: header === "authorization" ? `Bearer ${key}` : key },
      });
      if (way === "left") {
        const response = await stream(`${url}/v1/chat/completions`, chat, as("small"));
        for await (const _ of response.body!) break; // closes the connection
        const engine = await core.models.resolve(undefined).served.engine();
        while (engine.busy) await new Promise((resolve) => setTimeout(resolve, 1));
      } else {
        const message = { model: "tiny", messages: user("hi"), max_tokens: 5 };
        assert.equal((await call(`${url}/v1/messages`, message, as("small", "x-api-key"))).status, 200);
      }
      for (const [path, header] of [
        ["/v1/chat/completions", "authorization"],
        ["/v1/completions", "x-api-key"],
        ["/api/chat", "x-api-key"],
      ] as const) {
        const refused = await call(url + path, { ...ask, model: "tiny", prompt: "x" }, as("small", header));
        assert.equal(refused.status, 429, path);
        assert.ok(Number(refused.headers.get("retry-after")) >= 1);
      }
      assert.equal((await call(`${url}/v1/chat/completions`, ask, as("large"))).status, 200);
    });
  }
});
