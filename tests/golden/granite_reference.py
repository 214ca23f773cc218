"""A plain forward pass of Granite 3 (dense) in float64: Llama with four factors, as its model card and configuration say.

The embedding is multiplied, q·k is multiplied (instead of divided by sqrt(head_dim)), what a block adds to the residual
is multiplied, and the logits are divided.
"""
import torch

from llama_reference import mlp, rms_norm, rope_frequencies, rotate


def linear(x, weights, name):
    y = x @ weights[f"{name}.weight"].T
    return y + weights[f"{name}.bias"] if f"{name}.bias" in weights else y


def attention(x, weights, name, config):
    count, heads, kv_heads = len(x), config["num_attention_heads"], config["num_key_value_heads"]
    dim = config["hidden_size"] // heads
    q = linear(x, weights, f"{name}.q_proj").view(count, heads, dim)
    k = linear(x, weights, f"{name}.k_proj").view(count, kv_heads, dim)
    v = linear(x, weights, f"{name}.v_proj").view(count, kv_heads, dim)
    frequencies, factor = rope_frequencies(config, dim)
    q, k = rotate(q, frequencies, factor), rotate(k, frequencies, factor)
    k, v = k.repeat_interleave(heads // kv_heads, 1), v.repeat_interleave(heads // kv_heads, 1)
    scores = torch.einsum("qhd,khd->hqk", q, k) * config["attention_multiplier"]
    scores = scores.masked_fill(torch.ones(count, count, dtype=torch.bool).triu(1), float("-inf"))
    mixed = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v).reshape(count, -1)
    return linear(mixed, weights, f"{name}.o_proj")


def hidden_states(tokens, weights, config):
    eps, share = config["rms_norm_eps"], config["residual_multiplier"]
    h = weights["model.embed_tokens.weight"][tokens] * config["embedding_multiplier"]
    states = [h]
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}"
        normed = rms_norm(h, weights[f"{name}.input_layernorm.weight"], eps)
        h = h + share * attention(normed, weights, f"{name}.self_attn", config)
        normed = rms_norm(h, weights[f"{name}.post_attention_layernorm.weight"], eps)
        h = h + share * mlp(normed, weights, f"{name}.mlp")
        states.append(h)
    return states


def logits(state, weights, config):
    normed = rms_norm(state, weights["model.norm.weight"], config["rms_norm_eps"])
    head = weights.get("lm_head.weight", weights["model.embed_tokens.weight"])
    return normed @ head.T / config["logits_scaling"]
