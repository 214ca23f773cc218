"""A plain forward pass of Phi-1, Phi-1.5 and Phi-2 (arXiv 2309.05463) in float64.

One LayerNorm a layer; attention and MLP read it side by side and are added to the residual together; RoPE turns the
first part of each head only; every linear layer has a bias, the head too.
"""
import math

import torch

from llama_reference import rotate


def layer_norm(x, weights, name, eps):
    centred = x - x.mean(-1, keepdim=True)
    normed = centred / torch.sqrt((centred * centred).mean(-1, keepdim=True) + eps)
    return normed * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def dense(x, weights, name):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def gelu_new(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def partly_rotated(x, config):
    parameters = config.get("rope_parameters", config)
    turned = int(x.shape[-1] * parameters["partial_rotary_factor"])
    frequencies = torch.tensor([parameters["rope_theta"] ** (-i / turned) for i in range(0, turned, 2)], dtype=torch.float64)
    return torch.cat([rotate(x[..., :turned], frequencies, 1.0), x[..., turned:]], -1)


def attention(x, weights, name, config):
    count, heads = len(x), config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads") or heads
    dim, eps = config["hidden_size"] // heads, config["layer_norm_eps"]
    q = dense(x, weights, f"{name}.q_proj").view(count, heads, dim)
    k = dense(x, weights, f"{name}.k_proj").view(count, kv_heads, dim)
    v = dense(x, weights, f"{name}.v_proj").view(count, kv_heads, dim)
    if config.get("qk_layernorm"):
        q, k = layer_norm(q, weights, f"{name}.q_layernorm", eps), layer_norm(k, weights, f"{name}.k_layernorm", eps)
    q, k = partly_rotated(q, config), partly_rotated(k, config)
    k, v = k.repeat_interleave(heads // kv_heads, 1), v.repeat_interleave(heads // kv_heads, 1)
    scores = torch.einsum("qhd,khd->hqk", q, k) / math.sqrt(dim)
    scores = scores.masked_fill(torch.ones(count, count, dtype=torch.bool).triu(1), float("-inf"))
    mixed = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v).reshape(count, -1)
    return dense(mixed, weights, f"{name}.dense")


def hidden_states(tokens, weights, config):
    h = weights["model.embed_tokens.weight"][tokens]
    states = [h]
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}"
        normed = layer_norm(h, weights, f"{name}.input_layernorm", config["layer_norm_eps"])
        inner = gelu_new(dense(normed, weights, f"{name}.mlp.fc1"))
        h = h + attention(normed, weights, f"{name}.self_attn", config) + dense(inner, weights, f"{name}.mlp.fc2")
        states.append(h)
    return states


def logits(state, weights, config):
    return dense(layer_norm(state, weights, "model.final_layernorm", config["layer_norm_eps"]), weights, "lm_head")


def thinking_logits(state, weights, config):
    return dense(layer_norm(state, weights, "thinking_norm", config["layer_norm_eps"]), weights, "thinking_head")
