"""A plain forward pass of GPT-2 (Radford et al. 2019) in float64; weights stored [inputs, outputs]."""
import math

import torch


def layer_norm(x, weights, name, eps):
    centred = x - x.mean(-1, keepdim=True)
    variance = (centred * centred).mean(-1, keepdim=True)
    return centred / torch.sqrt(variance + eps) * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def dense(x, weights, name):
    return x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def embed(tokens, weights, prefix="transformer."):
    return weights[f"{prefix}wte.weight"][tokens] + weights[f"{prefix}wpe.weight"][:len(tokens)]


def block(h, weights, config, layer, prefix="transformer."):
    """All rows through one layer."""
    eps, heads, count = config["layer_norm_epsilon"], config["n_head"], h.shape[0]
    later = torch.ones(count, count, dtype=torch.bool).triu(1)
    name = f"{prefix}h.{layer}"
    fused = dense(layer_norm(h, weights, f"{name}.ln_1", eps), weights, f"{name}.attn.c_attn")
    q, k, v = (part.view(count, heads, -1).transpose(0, 1) for part in fused.chunk(3, -1))
    scores = (q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])).masked_fill(later, float("-inf"))
    mixed = (scores.softmax(-1) @ v).transpose(0, 1).reshape(count, -1)
    h = h + dense(mixed, weights, f"{name}.attn.c_proj")
    inner = gelu(dense(layer_norm(h, weights, f"{name}.ln_2", eps), weights, f"{name}.mlp.c_fc"))
    return h + dense(inner, weights, f"{name}.mlp.c_proj")


def hidden_states(tokens, weights, config, prefix="transformer."):
    states = [embed(tokens, weights, prefix)]
    for layer in range(config["n_layer"]):
        states.append(block(states[-1], weights, config, layer, prefix))
    return states


def logits(state, weights, config, prefix="transformer."):
    normed = layer_norm(state, weights, f"{prefix}ln_f", config["layer_norm_epsilon"])
    return normed @ weights.get("lm_head.weight", weights[f"{prefix}wte.weight"]).T
