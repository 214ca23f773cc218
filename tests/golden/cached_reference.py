"""A Llama forward with a KV cache in float64, for methods that look at the cache: any mask, any positions, blended keys.

Built on the formulas of llama_reference.py; checked against its uncached forward by make_adapters.py.
"""
import math

import torch

from llama_reference import mlp, rms_norm, rope_frequencies


def rotate(x, positions, frequencies, factor):
    """x [T, heads, dim], positions [T]; pair i is (i, i + dim/2)."""
    angle = positions.double()[:, None, None] * frequencies
    cos, sin = angle.cos() * factor, angle.sin() * factor
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def run(rows, positions, weights, config, past=None, seen=None):
    """Rows [T, hidden] through all layers.

    `past`: per layer (K, V), each [n, kv_heads, dim], keys after rotary. `seen(layer)`: bool [T, n + T], which row sees
    which cached and new one; None = causal. Returns the rows before the final norm, and the new rows' (K, V) per layer.
    """
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads", heads)
    dim = config.get("head_dim") or config["hidden_size"] // heads
    eps = config["rms_norm_eps"]
    frequencies, factor = rope_frequencies(config, dim)
    count = rows.shape[0]
    h, added = rows, []
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}"
        x = rms_norm(h, weights[f"{name}.input_layernorm.weight"], eps)

        def project(part, number):
            return (x @ weights[f"{name}.self_attn.{part}_proj.weight"].T).view(count, number, dim)

        q, k, v = project("q", heads), project("k", kv_heads), project("v", kv_heads)
        q, k = rotate(q, positions, frequencies, factor), rotate(k, positions, frequencies, factor)
        added.append((k, v))
        before = past[layer][0].shape[0] if past else 0
        keys = torch.cat([past[layer][0], k]) if past else k
        values = torch.cat([past[layer][1], v]) if past else v
        mask = seen(layer) if seen else torch.ones(count, before + count, dtype=torch.bool).tril(before)
        scores = torch.einsum("qhd,khd->hqk", q, keys.repeat_interleave(heads // kv_heads, 1)) / math.sqrt(dim)
        scores = scores.masked_fill(~mask, float("-inf"))
        mixed = torch.einsum("hqk,khd->qhd", scores.softmax(-1), values.repeat_interleave(heads // kv_heads, 1))
        h = h + mixed.reshape(count, heads * dim) @ weights[f"{name}.self_attn.o_proj.weight"].T
        h = h + mlp(rms_norm(h, weights[f"{name}.post_attention_layernorm.weight"], eps), weights, f"{name}.mlp")
    return h, added


def embed(tokens, weights):
    return weights["model.embed_tokens.weight"][tokens]


def joined(past, added):
    return [(torch.cat([k, a]), torch.cat([v, b])) for (k, v), (a, b) in zip(past, added)] if past else added
