/** The page to try the API: all in one text, nothing fetched but /openapi.json, so that it works without a network. */
export const TRY_PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Reckon: the API</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem;color-scheme:light dark}
summary{cursor:pointer;padding:.3rem 0}code,textarea,pre{font:13px/1.45 ui-monospace,monospace}
textarea{width:100%;box-sizing:border-box;min-height:8rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid;padding:.5rem;max-height:24rem;overflow:auto}
.method{display:inline-block;min-width:4rem;font-weight:600}label{display:block;margin:.4rem 0}
</style></head><body>
<h1>Reckon: the API</h1>
<p>Every operation of this server, to try here. The document itself: <a href="/openapi.json">/openapi.json</a>.</p>
<label>API key, where the server has one <input id="key" type="password" autocomplete="off"></label>
<main id="operations"></main>
<script>
const make = (name, fields = {}, ...children) => {
  const element = Object.assign(document.createElement(name), fields);
  element.append(...children);
  return element;
};
const main = document.getElementById("operations");
fetch("/openapi.json").then((response) => response.json()).then(({ paths }) => {
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) main.append(show(path, method, operation));
  }
});
function show(path, method, operation) {
  const content = operation.requestBody?.content["application/json"];
  const text = content && make("textarea", { value: JSON.stringify(content.example, null, 2), spellcheck: false, ariaLabel: "Request body" });
  const inputs = (operation.parameters ?? []).map(({ name }) => make("input", { name, placeholder: name, ariaLabel: name }));
  const output = make("pre", { hidden: true });
  const button = make("button", { textContent: "Send" });
  button.onclick = async () => {
    button.disabled = true;
    output.hidden = false;
    output.textContent = "";
    try {
      let url = path;
      for (const { name, value } of inputs) url = url.replace("{" + name + "}", encodeURIComponent(value));
      const headers = { "content-type": "application/json" };
      const key = document.getElementById("key").value;
      if (key) headers.authorization = "Bearer " + key;
      const response = await fetch(url, { method: method.toUpperCase(), headers, body: text?.value });
      output.textContent = response.status + "\\n";
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) output.textContent += part.value;
    } catch (error) {
      output.textContent += error;
    }
    button.disabled = false;
  };
  const heading = make("summary", {}, make("span", { className: "method", textContent: method.toUpperCase() }), make("code", { textContent: path }), " " + operation.summary);
  return make("details", {}, heading, make("p", { textContent: operation.description }), ...inputs, ...(text ? [text] : []), button, output);
}
</script></body></html>
`;
