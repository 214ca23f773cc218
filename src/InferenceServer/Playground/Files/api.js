// The server's API, as this page needs it.
import { apiKey } from "./key.js";
import { events } from "./sse.js";

/** What the server refused, in its own words. */
export class ApiError extends Error {
  constructor(status, error) {
    super(error?.message ?? `The server answered ${status}.`);
    this.status = status;
    this.code = error?.code ?? null;
    this.param = error?.param ?? null;
  }
}

export async function models() {
  const response = await send("GET", "v1/models");
  return (await response.json()).data;
}

/** Starts a generation and yields its events; the first one names it. */
export async function* generate(body, signal) {
  const response = await send("POST", "v1/generate", body, signal);
  let complete = false;
  for await (const event of events(response.body)) {
    complete = event.name === "done" || event.name === "error";
    yield event;
  }
  if (!complete) throw new Error("The stream broke off before its end.");
}

export const speak = id => send("POST", `v1/generations/${id}/speak`);

export const replaceThought = (id, thought) => send("POST", `v1/generations/${id}/thought`, { thought });

export const cancel = id => send("DELETE", `v1/generations/${id}`);

async function send(method, path, body, signal) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (apiKey()) headers.Authorization = `Bearer ${apiKey()}`;
  let response;
  try {
    response = await fetch(path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server cannot be reached.");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null);
  throw new ApiError(response.status, problem?.error);
}
