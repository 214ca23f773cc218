// A client generated from the server's own description:
//   npx openapi-typescript http://localhost:8080/swagger/v1/swagger.json --output generated/api.d.ts
//   npx tsc && node built/generated.js
import { EventSourceParserStream } from "eventsource-parser/stream";
import createClient from "openapi-fetch";
import { key, model, question, say, url } from "./common.mjs";
import type { components, paths } from "./generated/api.js";

type Event = components["schemas"]["GenerateEvent"];

const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });
const { data: body, error } = await client.POST("/v1/generate", { body: { model, prompt: question }, parseAs: "stream" });
if (error) throw new Error(error.error.message);
const events = body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).pipeThrough(new EventSourceParserStream());
for await (const { data } of events as unknown as AsyncIterable<{ data: string }>) {
  const event: Event = JSON.parse(data);
  if (event.type === "thought" || event.type === "answer") say(event.type, event.text);
  if (event.type === "error") throw new Error(event.error.message);
}
