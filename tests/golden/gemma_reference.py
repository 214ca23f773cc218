"""A plain forward pass of Gemma (arXiv 2403.08295) in float64: RoPE, multi-query attention, GeGLU, tied embeddings.

As in the authors' code: the embedding is multiplied by sqrt(hidden), rounded to the type the weights are stored in,
and a norm's weight is stored less 1.
"""
import math

import torch

from llama_reference import rope_frequencies, rotate


def rms_norm(x, weight, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * (1 + weight)


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def attention(x, weights, name, config):
    count, heads, kv_heads, dim = len(x), config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]
    q = (x @ weights[f"{name}.q_proj.weight"].T).view(count, heads, dim)
    k = (x @ weights[f"{name}.k_proj.weight"].T).view(count, kv_heads, dim)
    v = (x @ weights[f"{name}.v_proj.weight"].T).view(count, kv_heads, dim)
    frequencies, factor = rope_frequencies(config, dim)
    q, k = rotate(q, frequencies, factor), rotate(k, frequencies, factor)
    mixed = []
    for head in range(heads):
        group = head * kv_heads // heads
        scores = q[:, head] @ k[:, group].T * dim ** -0.5
        scores = scores.masked_fill(torch.ones(count, count, dtype=torch.bool).triu(1), float("-inf"))
        mixed.append(scores.softmax(-1) @ v[:, group])
    return torch.cat(mixed, -1) @ weights[f"{name}.o_proj.weight"].T


def mlp(x, weights, name):
    gate = gelu_tanh(x @ weights[f"{name}.gate_proj.weight"].T)
    return (gate * (x @ weights[f"{name}.up_proj.weight"].T)) @ weights[f"{name}.down_proj.weight"].T


def hidden_states(tokens, weights, config, stored_type):
    eps = config["rms_norm_eps"]
    normalizer = torch.tensor(config["hidden_size"] ** 0.5, dtype=stored_type).double()
    h = weights["model.embed_tokens.weight"][tokens] * normalizer
    states = [h]
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}"
        h = h + attention(rms_norm(h, weights[f"{name}.input_layernorm.weight"], eps), weights, f"{name}.self_attn", config)
        h = h + mlp(rms_norm(h, weights[f"{name}.post_attention_layernorm.weight"], eps), weights, f"{name}.mlp")
        states.append(h)
    return states


def logits(state, weights, config):
    normed = rms_norm(state, weights["model.norm.weight"], config["rms_norm_eps"])
    return normed @ weights["model.embed_tokens.weight"].T


def thinking_logits(state, weights, config):
    normed = rms_norm(state, weights["thinking_norm.weight"], config["rms_norm_eps"])
    return normed @ weights["thinking_head.weight"].T
