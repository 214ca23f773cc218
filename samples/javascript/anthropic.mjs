// Anthropic's own client. Thoughts are thinking blocks.
import Anthropic from "@anthropic-ai/sdk";
import { key, model, question, say, url } from "./common.mjs";

const client = new Anthropic({ baseURL: url, apiKey: key });
const stream = client.messages.stream({
  model,
  max_tokens: 256,
  thinking: { type: "adaptive" },
  messages: [{ role: "user", content: question }],
});
stream.on("thinking", (delta) => say("thought", delta));
stream.on("text", (delta) => say("answer", delta));
await stream.finalMessage();
