// Holds what the server really sends against its own description: every example, every answer, every event, many errors.
import Ajv from "ajv/dist/2020.js";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { question, url } from "./common.mjs";

const document = await (await fetch(`${url}/swagger/v1/swagger.json`)).json();
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(document, "openapi");
const checked = {};
const problems = [];

const pointer = (...parts) => "openapi#/" + parts.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
function hold(where, value, ...parts) {
  const validate = ajv.getSchema(pointer(...parts)) ?? ajv.compile({ $ref: pointer(...parts) });
  checked[where] = (checked[where] ?? 0) + 1;
  if (!validate(value)) problems.push(`${where}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value).slice(0, 300)}`);
}

/** Sends a request and holds the answer against what is described for its status. */
async function call(path, method, { id, body, raw, type = "application/json", headers = {} } = {}, onEvent) {
  const response = await fetch(url + path.replace("{id}", id), {
    method: method.toUpperCase(),
    headers: body || raw ? { "Content-Type": type, ...headers } : headers,
    body: raw ?? (body && JSON.stringify(body)),
  });
  const where = `${method} ${path} ${response.status}`;
  const found = response.headers.get("content-type")?.split(";")[0];
  const content = document.paths[path][method].responses[response.status]?.content?.[found];
  if (!content) return problems.push(`${where} ${found} is not described`), await response.text(), response.status;
  const schema = ["paths", path, method, "responses", String(response.status), "content", found, "schema"];
  if (found !== "text/event-stream") {
    const value = found === "text/plain" ? await response.text() : await response.json();
    hold(where, value, ...schema);
    return response.status;
  }
  const generation = response.headers.get("x-generation-id");
  for await (const event of response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())) {
    if (event.data === "[DONE]") continue;
    const value = JSON.parse(event.data);
    hold(`${where} event`, value, ...schema);
    if (event.event && event.event !== value.type) problems.push(`${where}: event ${event.event} has type ${value.type}`);
    await onEvent?.(generation, value);
  }
  return response.status;
}

const examples = [];
for (const [path, methods] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const described = operation.requestBody?.content["application/json"];
    if (!operation.operationId) problems.push(`${method} ${path} has no name`);
    if (!described) {
      if (method === "get") await call(path, method, { id: "tas-stories" });
      continue;
    }
    if (!described.examples) problems.push(`${method} ${path} has no example`);
    for (const [name, { value }] of Object.entries(described.examples ?? {})) {
      hold(`${method} ${path} example`, value, "paths", path, method, "requestBody", "content", "application/json", "schema");
      if (path.includes("{id}")) continue;
      const status = await call(path, method, { body: value });
      if (status !== 200) problems.push(`${method} ${path} example ${name}: status ${status}`);
      examples.push(`${operation.operationId}/${name}`);
    }
    const anyId = { id: "none" };
    await call(path, method, { ...anyId, raw: "{" });
    await call(path, method, { ...anyId, body: {} });
    await call(path, method, { ...anyId, body: { ...Object.values(described.examples ?? {})[0]?.value, model: "none" } });
    await call(path, method, { ...anyId, raw: "x=1", type: "text/plain" });
  }
}

// Commands need a stream that runs, long enough to be commanded.
const long = { model: "tas-stories", prompt: question, max_tokens: 400, thinking_token_budget: 400, logit_bias: { 2: -100, 3: -100 } };
for (const [path, method, body] of [
  ["/v1/generations/{id}/speak", "post"],
  ["/v1/generations/{id}/thought", "post", { thought: "24+18=42" }],
  ["/v1/generations/{id}", "delete"],
]) {
  let commanded = false;
  await call("/v1/generate", "post", { body: long }, async (id, event) => {
    if (commanded || event.type !== "thought") return;
    commanded = true;
    const status = await call(path, method, { id, body });
    if (status !== 200) problems.push(`${method} ${path}: status ${status}`);
    else if (method !== "delete") await call("/v1/generations/{id}", "delete", { id });
  });
}

// Thoughts in summary.
await call("/v1/chat/completions", "post", { body: { model: "quiet-star-stories", messages: [{ role: "user", content: "What is 47, minus 19?" }], max_tokens: 8 } });
await call("/v1/generate", "post", { body: { model: "quiet-star-stories", prompt: "What is 47, minus 19?", max_tokens: 4, thoughts: "all" } });
for (const stream of [false, true])
  await call("/v1/responses", "post", { body: { model: "tas-stories", input: question, reasoning: { summary: "auto" }, stream } });
console.log(JSON.stringify({ checked, examples, problems }));
