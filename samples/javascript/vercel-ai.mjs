// Vercel's AI SDK. Thoughts are reasoning parts.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { streamText } from "ai";
import { key, model, question, say, url } from "./common.mjs";

const server = createOpenAICompatible({ name: "inference-server", baseURL: `${url}/v1`, apiKey: key });
for await (const part of streamText({ model: server(model), prompt: question }).fullStream) {
  if (part.type === "reasoning-delta") say("thought", part.text);
  if (part.type === "text-delta") say("answer", part.text);
  if (part.type === "error") throw part.error;
}
