"""The work of `benchmarks gpu` in plain PyTorch: the same safetensors, a preallocated KV cache, greedy decoding.

Usage: pytorch_side.py FOLDER DEVICE f32|bf16|f16 BATCHES CONTEXT PROMPT STEPS ROUNDS; prints one JSON object.
"""
import json
import os
import statistics
import sys
import time

import torch
import torch.nn.functional as F

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
FUSED = hasattr(F, "scaled_dot_product_attention")
CHUNK = 512


def read(path, device, dtype):
    """Tensors of a bf16 safetensors file by name."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        tensors = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            file.seek(8 + length + begin)
            raw = torch.frombuffer(bytearray(file.read(end - begin)), dtype=torch.bfloat16)
            tensors[name] = raw.view(entry["shape"]).to(device=device, dtype=dtype)
    return tensors


class Llama:
    def __init__(self, folder, device, dtype):
        with open(os.path.join(folder, "config.json")) as file:
            config = json.load(file)
        self.device, self.dtype = device, dtype
        self.layers = config["num_hidden_layers"]
        self.heads = config["num_attention_heads"]
        self.kv_heads = config["num_key_value_heads"]
        self.size = config["hidden_size"] // self.heads
        self.epsilon = config["rms_norm_eps"]
        self.theta = config["rope_theta"]
        weights = read(os.path.join(folder, "model.safetensors"), device, dtype)
        self.embedding = weights["model.embed_tokens.weight"]
        self.head = weights.get("lm_head.weight", self.embedding)
        self.norm = weights["model.norm.weight"]
        self.parts = []
        for layer in range(self.layers):
            part = {name[len(f"model.layers.{layer}."):-len(".weight")]: value
                    for name, value in weights.items() if name.startswith(f"model.layers.{layer}.")}
            qkv = torch.cat([part[f"self_attn.{name}_proj"] for name in "qkv"])
            up = torch.cat([part["mlp.gate_proj"], part["mlp.up_proj"]])
            self.parts.append((part["input_layernorm"], qkv, part["self_attn.o_proj"],
                               part["post_attention_layernorm"], up, part["mlp.down_proj"]))

    def cache(self, batch, positions):
        shape = (self.layers, 2, batch, self.kv_heads, positions, self.size)
        return torch.zeros(shape, device=self.device, dtype=self.dtype)

    def rms(self, x, weight):
        scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + self.epsilon)
        return (x.float() * scale).to(self.dtype) * weight

    def rotate(self, x, cos, sin):
        first, second = x.chunk(2, -1)
        return x * cos + torch.cat([-second, first], -1) * sin

    def attend(self, q, k, v, causal):
        groups = self.heads // self.kv_heads
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
        rows, length = q.shape[2], k.shape[2]
        mask = None
        if causal and rows > 1:
            mask = torch.ones(rows, length, dtype=torch.bool, device=q.device).tril(length - rows)
        if FUSED:
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        scores = q @ k.transpose(-1, -2) / self.size ** 0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        return scores.softmax(-1) @ v

    def step(self, ids, cache, start):
        """ids [batch, rows] at positions start..; returns the next ids [batch]."""
        batch, rows = ids.shape
        x = F.embedding(ids, self.embedding)
        inverse = self.theta ** (-torch.arange(0, self.size, 2, device=self.device) / self.size)
        angles = torch.arange(start, start + rows, device=self.device)[:, None] * inverse
        cos, sin = (torch.cat([part, part], -1).to(self.dtype) for part in (angles.cos(), angles.sin()))
        for layer, (norm, qkv, out, mlp_norm, up, down) in enumerate(self.parts):
            heads = F.linear(self.rms(x, norm), qkv).view(batch, rows, -1, self.size).transpose(1, 2)
            q, k, v = heads.split([self.heads, self.kv_heads, self.kv_heads], 1)
            cache[layer, 0, :, :, start:start + rows] = self.rotate(k, cos, sin)
            cache[layer, 1, :, :, start:start + rows] = v
            keys, values = cache[layer, :, :, :, :start + rows]
            context = self.attend(self.rotate(q, cos, sin), keys, values, True)
            x = x + F.linear(context.transpose(1, 2).reshape(batch, rows, -1), out)
            gate, value = F.linear(self.rms(x, mlp_norm), up).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * value, down)
        return F.linear(self.rms(x[:, -1], self.norm), self.head).float().argmax(-1)


def median(action, rounds):
    action()
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main():
    folder, device, dtype, batches = sys.argv[1:5]
    context, prompt, steps, rounds = map(int, sys.argv[5:9])
    model = Llama(folder, device, DTYPES[dtype])
    decode = {}
    for batch in map(int, batches.split(",")):
        cache = model.cache(batch, context + steps)

        def run():
            ids = torch.zeros(batch, 1, dtype=torch.long, device=device)
            for step in range(steps):
                # A server has to see every token before it sends it.
                ids = model.step(ids, cache, context + step)[:, None]
                ids.cpu()

        decode[str(batch)] = batch * steps / median(run, rounds)
        del cache

    cache = model.cache(1, prompt)

    def prefill():
        for start in range(0, prompt, CHUNK):
            count = min(CHUNK, prompt - start)
            ids = model.step(torch.zeros(1, count, dtype=torch.long, device=device), cache, start)
        ids.cpu()

    print(json.dumps({
        "version": torch.__version__,
        "attention": "fused attention" if FUSED else "attention by products and softmax",
        "decode": decode,
        "prefill": prompt / median(prefill, rounds),
    }))


if __name__ == "__main__":
    with torch.no_grad():
        main()
