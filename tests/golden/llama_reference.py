"""A plain forward pass of the Llama family in float64, one sentence of the papers per line.

Llama (arXiv 2302.13971), grouped queries (2305.13245), RoPE (2104.09864), sliding window (2310.06825), query and key
norms (Qwen3, 2505.09388), RoPE scaling: linear (2306.15595), llama3 (2407.21783), YaRN (2309.00071).
"""
import math

import torch


def rms_norm(x, weight, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def rope_frequencies(config, dim):
    scaling = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = scaling.get("rope_theta", config.get("rope_theta", 10000.0))
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    exponents = torch.arange(0, dim, 2, dtype=torch.float64) / dim
    freq = 1.0 / theta ** exponents
    if kind == "default":
        return freq, 1.0
    factor = scaling["factor"]
    if kind == "linear":
        return freq / factor, 1.0
    original = scaling["original_max_position_embeddings"]
    if kind == "llama3":
        result = []
        for f in freq.tolist():
            rotations = original * f / (2 * math.pi)  # full turns within the original context
            if rotations > scaling["high_freq_factor"]:
                result.append(f)
            elif rotations < scaling["low_freq_factor"]:
                result.append(f / factor)
            else:
                gap = scaling["high_freq_factor"] - scaling["low_freq_factor"]
                keep = (rotations - scaling["low_freq_factor"]) / gap
                result.append(f * keep + f / factor * (1 - keep))
        return torch.tensor(result, dtype=torch.float64), 1.0
    if kind == "yarn":
        def dimension_with(turns):
            return dim * math.log(original / (2 * math.pi * turns)) / (2 * math.log(theta))

        first = max(math.floor(dimension_with(scaling.get("beta_fast", 32))), 0)
        last = min(math.ceil(dimension_with(scaling.get("beta_slow", 1))), dim - 1)
        result = []
        for i, f in enumerate(freq.tolist()):
            ramp = min(max((i - first) / max(last - first, 0.001), 0.0), 1.0)
            result.append(f / factor * ramp + f * (1 - ramp))
        attention = scaling.get("attention_factor") or 0.1 * math.log(factor) + 1
        return torch.tensor(result, dtype=torch.float64), attention
    raise ValueError(kind)


def rotate(x, frequencies, attention_factor):
    """x [T, heads, dim]; pair i is (i, i + dim/2)."""
    positions = torch.arange(x.shape[0], dtype=torch.float64)
    angle = positions[:, None, None] * frequencies
    cos, sin = angle.cos() * attention_factor, angle.sin() * attention_factor
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def attention(x, weights, name, config, window):
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads", heads)
    dim = config.get("head_dim") or config["hidden_size"] // heads
    eps = config["rms_norm_eps"]

    def project(part, count):
        y = x @ weights[f"{name}.{part}_proj.weight"].T
        if f"{name}.{part}_proj.bias" in weights:
            y = y + weights[f"{name}.{part}_proj.bias"]
        return y.view(x.shape[0], count, dim)

    q, k, v = project("q", heads), project("k", kv_heads), project("v", kv_heads)
    if f"{name}.q_norm.weight" in weights:
        q = rms_norm(q, weights[f"{name}.q_norm.weight"], eps)
        k = rms_norm(k, weights[f"{name}.k_norm.weight"], eps)
    frequencies, factor = rope_frequencies(config, dim)
    q, k = rotate(q, frequencies, factor), rotate(k, frequencies, factor)
    k = k.repeat_interleave(heads // kv_heads, 1)
    v = v.repeat_interleave(heads // kv_heads, 1)
    scores = torch.einsum("qhd,khd->hqk", q, k) / math.sqrt(dim)
    rows = torch.arange(x.shape[0])
    seen = rows[None, :] <= rows[:, None]
    if window is not None:
        seen &= rows[None, :] > rows[:, None] - window
    scores = scores.masked_fill(~seen, float("-inf"))
    mixed = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v).reshape(x.shape[0], heads * dim)
    y = mixed @ weights[f"{name}.o_proj.weight"].T
    if f"{name}.o_proj.bias" in weights:
        y = y + weights[f"{name}.o_proj.bias"]
    return y


def mlp(x, weights, name):
    def project(x, part):
        y = x @ weights[f"{name}.{part}_proj.weight"].T
        if f"{name}.{part}_proj.bias" in weights:
            y = y + weights[f"{name}.{part}_proj.bias"]
        return y

    gate = project(x, "gate")
    return project(gate * torch.sigmoid(gate) * project(x, "up"), "down")


def hidden_states(tokens, weights, config, windows):
    """Boundary states: entry k is the state after k layers, [T, hidden], without the final norm."""
    eps = config["rms_norm_eps"]
    h = weights["model.embed_tokens.weight"][tokens]
    states = [h]
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}"
        normed = rms_norm(h, weights[f"{name}.input_layernorm.weight"], eps)
        h = h + attention(normed, weights, f"{name}.self_attn", config, windows[layer])
        normed = rms_norm(h, weights[f"{name}.post_attention_layernorm.weight"], eps)
        h = h + mlp(normed, weights, f"{name}.mlp")
        states.append(h)
    return states


def logits(state, weights, config):
    normed = rms_norm(state, weights["model.norm.weight"], config["rms_norm_eps"])
    head = weights.get("lm_head.weight", weights["model.embed_tokens.weight"])
    return normed @ head.T
