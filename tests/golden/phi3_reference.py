"""A plain forward pass of Phi-3 (arXiv 2404.14219) in float64: Llama with fused matrices, a window and LongRoPE.

LongRoPE (arXiv 2402.13753) divides the frequencies by short factors up to the original context and by long factors
beyond, for every position of the sequence.
"""
import math

import torch

from llama_reference import rms_norm, rotate


def rope(config, count):
    """Frequencies of a sequence of so many positions, and the factor of cos and sin."""
    scaling = config.get("rope_parameters") or config.get("rope_scaling") or {}
    share = scaling.get("partial_rotary_factor", config.get("partial_rotary_factor", 1.0))
    turned = int(config["hidden_size"] // config["num_attention_heads"] * share)
    theta = scaling.get("rope_theta", config.get("rope_theta"))
    frequencies = theta ** (-torch.arange(0, turned, 2, dtype=torch.float64) / turned)
    if "short_factor" not in scaling:
        return frequencies, 1.0
    original = config.get("original_max_position_embeddings") or scaling["original_max_position_embeddings"]
    stretch = config["max_position_embeddings"] / original
    factor = scaling.get("attention_factor") or (math.sqrt(1 + math.log(stretch) / math.log(original)) if stretch > 1 else 1.0)
    divisors = scaling["long_factor" if count > original else "short_factor"]
    return frequencies / torch.tensor(divisors, dtype=torch.float64), factor


def attention(x, weights, name, config):
    count, heads, kv_heads = len(x), config["num_attention_heads"], config["num_key_value_heads"]
    dim = config["hidden_size"] // heads
    fused = x @ weights[f"{name}.qkv_proj.weight"].T
    q, k, v = fused.split([heads * dim, kv_heads * dim, kv_heads * dim], -1)
    q, k, v = q.view(count, heads, dim), k.view(count, kv_heads, dim), v.view(count, kv_heads, dim)
    frequencies, factor = rope(config, count)
    turned = 2 * len(frequencies)
    q, k = (torch.cat([rotate(y[..., :turned], frequencies, factor), y[..., turned:]], -1) for y in (q, k))
    k, v = k.repeat_interleave(heads // kv_heads, 1), v.repeat_interleave(heads // kv_heads, 1)
    back = torch.arange(count)[:, None] - torch.arange(count)[None, :]
    window = config.get("sliding_window") or count
    scores = torch.einsum("qhd,khd->hqk", q, k) / math.sqrt(dim)
    scores = scores.masked_fill((back < 0) | (back >= window), float("-inf"))
    mixed = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v).reshape(count, -1)
    return mixed @ weights[f"{name}.o_proj.weight"].T


def mlp(x, weights, name):
    gate, up = (x @ weights[f"{name}.gate_up_proj.weight"].T).chunk(2, -1)
    return (gate * torch.sigmoid(gate) * up) @ weights[f"{name}.down_proj.weight"].T


def hidden_states(tokens, weights, config):
    eps = config["rms_norm_eps"]
    h = weights["model.embed_tokens.weight"][tokens]
    states = [h]
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}"
        h = h + attention(rms_norm(h, weights[f"{name}.input_layernorm.weight"], eps), weights, f"{name}.self_attn", config)
        h = h + mlp(rms_norm(h, weights[f"{name}.post_attention_layernorm.weight"], eps), weights, f"{name}.mlp")
        states.append(h)
    return states


def logits(state, weights, config):
    normed = rms_norm(state, weights["model.norm.weight"], config["rms_norm_eps"])
    return normed @ weights.get("lm_head.weight", weights["model.embed_tokens.weight"]).T
