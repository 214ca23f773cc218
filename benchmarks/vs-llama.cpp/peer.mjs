// llama.cpp as a process that a benchmark talks to: one JSON request a line on stdin, one JSON answer a line on stdout.
//
//   {"op":"load","path":...,"threads":2}                model into memory; its system info and buffers
//   {"op":"prefill","tokens":512}                       one prompt, from an empty cache
//   {"op":"decode","sequences":8,"context":64,"steps":32}  steps of one token a sequence, after a prompt of `context`
//   {"op":"logits","tokens":[...]}                      logits after a prompt, with an f32 cache
//
// Batches go to the context directly (node-llama-cpp's `_ctx`, which is why package.json pins its version), so that no
// JavaScript scheduling is measured; the milliseconds are llama.cpp's own (llama_perf_context_print).
import { createInterface } from "node:readline";
import { getLlama } from "node-llama-cpp";

let log = [];
let llama;
let model;
let modelThreads = 0;
const contexts = new Map();

async function load({ path, threads }) {
  for (const { context } of contexts.values()) await context.dispose();
  contexts.clear();
  await model?.dispose();
  modelThreads = threads;
  log = [];
  llama ??= await getLlama({
    gpu: false,
    build: "never",
    skipDownload: true,
    maxThreads: threads,
    logLevel: "debug",
    logger: (_, message) => log.push(message.trimEnd()),
  });
  const start = performance.now();
  model = await llama.loadModel({ modelPath: path, gpuLayers: 0 });
  const seconds = (performance.now() - start) / 1000;
  return {
    seconds,
    release: llama.llamaCppRelease?.release,
    system: llama.systemInfo.trim(),
    buffers: log.filter((line) => line.includes("model buffer size")).map((line) => line.replace(/^.*?:\s*/, "").trim()),
  };
}

async function contextOf(sequences, contextSize, cache) {
  const key = `${sequences} ${contextSize} ${cache}`;
  if (!contexts.has(key)) {
    const from = log.length;
    const context = await model.createContext({
      sequences,
      contextSize,
      batchSize: 512,
      threads: modelThreads,
      performanceTracking: true,
      ...(cache === "F32" && { experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32", flashAttention: false }),
    });
    context._ctx.setThreads(modelThreads);
    contexts.set(key, { context, attention: log.slice(from).filter((line) => /flash/i.test(line)) });
  }
  return contexts.get(key);
}

async function run(ctx, groups) {
  ctx.initBatch(groups.reduce((sum, group) => sum + group.tokens.length, 0));
  const indexes = groups.map(({ sequence, start, tokens }) =>
    ctx.addToBatch(sequence, start, Uint32Array.from(tokens), Uint32Array.of(tokens.length - 1))[0]);
  await ctx.decodeBatch();
  return indexes;
}

/** Milliseconds of the batches since the last call, by llama.cpp: a batch of one token is an eval, any other a prompt eval. */
async function timings(ctx, steps, single) {
  const from = log.length;
  ctx.printTimings();
  // Log lines arrive over the event loop.
  const pattern = single ? /(?<!prompt )eval time =\s*([\d.]+) ms \/\s*(\d+) runs/ : /prompt eval time =\s*([\d.]+) ms \/\s*(\d+) tokens/;
  for (let wait = 0; wait < 200; wait++) {
    const match = log.slice(from).join("\n").match(pattern);
    if (match) return { milliseconds: Number(match[1]), counted: Number(match[2]) };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`llama.cpp printed no timings for ${steps} steps: ${log.slice(from).join(" | ")}`);
}

const prompt = (count, seed) => Array.from({ length: count }, (_, i) => 300 + ((seed * 977 + i * 31) % 30000));

async function prefill({ tokens }) {
  const { context, attention } = await contextOf(1, tokens, "F16");
  const ctx = context._ctx;
  ctx.disposeSequence(0);
  await timings(ctx, 0, false);
  await run(ctx, [{ sequence: 0, start: 0, tokens: prompt(tokens, 1) }]);
  return { ...(await timings(ctx, 1, false)), attention };
}

async function decode({ sequences, context: length, steps }) {
  const entry = await contextOf(sequences, length + steps, "F16");
  const ctx = entry.context._ctx;
  for (let sequence = 0; sequence < sequences; sequence++) {
    // The prompts stay for the next round, what was decoded after them goes.
    if (entry.prompted) ctx.removeTokenCellsFromSequence(sequence, length, length + steps);
    else await run(ctx, [{ sequence, start: 0, tokens: prompt(length, sequence) }]);
  }
  entry.prompted = true;
  await timings(ctx, 0, false);
  for (let step = 0; step < steps; step++) {
    await run(ctx, Array.from({ length: sequences }, (_, sequence) => ({ sequence, start: length + step, tokens: [300 + sequence + step] })));
  }
  return { ...(await timings(ctx, steps, sequences === 1)), attention: entry.attention };
}

async function logits({ tokens }) {
  const { context } = await contextOf(1, Math.max(256, tokens.length), "F32");
  const ctx = context._ctx;
  ctx.disposeSequence(0);
  const [index] = await run(ctx, [{ sequence: 0, start: 0, tokens }]);
  const sampler = new llama._bindings.AddonSampler(model._model);
  sampler.applyConfig({ temperature: 0 });
  const [token, , , pairs] = await ctx.sampleToken(index, sampler, false, false, true);
  sampler.dispose();
  const values = [];
  for (let i = 0; i < pairs.length; i += 2) values[pairs[i]] = pairs[i + 1];
  return { token, logits: values };
}

const ops = { load, prefill, decode, logits };
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = await ops[request.op](request);
  } catch (error) {
    answer = { error: `${error.message ?? error}`, log: log.slice(-5) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
