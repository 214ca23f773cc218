"""Makes the tiny random checkpoints and expected logits under tests/Models.Tests/Golden.

    python3 tests/golden/make_golden.py

Needs torch and numpy. The forward passes are float64 over the weights as they are stored, so a difference is the
reader's. Nothing here shares code with the server.
"""
import json
import pathlib
import zlib

import torch

import gpt2_reference
import llama_reference
import safetensors_io

OUT = pathlib.Path(__file__).resolve().parent.parent / "Models.Tests" / "Golden"
VOCABULARY = 43


def random_weights(shapes, seed, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        values = torch.randn(shape, generator=generator, dtype=torch.float64)
        if name.endswith("norm.weight") or "layernorm" in name or ".ln_" in name and name.endswith("weight"):
            values = 1 + 0.3 * values
        elif len(shape) == 1:
            values = 0.3 * values
        elif "embed" in name or "wte" in name or "wpe" in name:
            values = values
        else:
            inputs = shape[0] if ".c_" in name else shape[1]
            values = 1.5 * values / inputs ** 0.5
        weights[name] = values.to(dtype)
    return weights


def llama_config(**changes):
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 24, "intermediate_size": 37,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": VOCABULARY,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
        "tie_word_embeddings": False, "eos_token_id": 2,
    }
    config.update(changes)
    return config


def llama_shapes(config, biases=(), qk_norms=False):
    d, feed = config["hidden_size"], config["intermediate_size"]
    dim = config.get("head_dim") or d // config["num_attention_heads"]
    q, kv = config["num_attention_heads"] * dim, config["num_key_value_heads"] * dim
    shapes = {"model.embed_tokens.weight": (VOCABULARY, d), "model.norm.weight": (d,)}
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (VOCABULARY, d)
    for layer in range(config["num_hidden_layers"]):
        name = f"model.layers.{layer}"
        parts = {
            "self_attn.q_proj": (q, d), "self_attn.k_proj": (kv, d), "self_attn.v_proj": (kv, d),
            "self_attn.o_proj": (d, q), "mlp.gate_proj": (feed, d), "mlp.up_proj": (feed, d), "mlp.down_proj": (d, feed),
        }
        for part, shape in parts.items():
            shapes[f"{name}.{part}.weight"] = shape
            if part.split(".")[1][0] in biases and part.startswith("self_attn") or part.startswith("mlp") and "mlp" in biases:
                shapes[f"{name}.{part}.bias"] = shape[:1]
        shapes[f"{name}.input_layernorm.weight"] = (d,)
        shapes[f"{name}.post_attention_layernorm.weight"] = (d,)
        if qk_norms:
            shapes[f"{name}.self_attn.q_norm.weight"] = (dim,)
            shapes[f"{name}.self_attn.k_norm.weight"] = (dim,)
    return shapes


def some_tokens(count, seed):
    return torch.randint(VOCABULARY, (count,), generator=torch.Generator().manual_seed(seed)).tolist()


def rounded(values):
    return [[float(f"{value:.8g}") for value in row] for row in values.tolist()]


def save(name, config, weights, expected, shards=1):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    if shards == 1:
        safetensors_io.write(folder / "model.safetensors", weights)
    else:
        names = sorted(weights)
        weight_map = {}
        for shard in range(shards):
            file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
            mine = names[shard::shards]
            safetensors_io.write(folder / file, {tensor: weights[tensor] for tensor in mine})
            weight_map.update({tensor: file for tensor in mine})
        index = {"metadata": {"total_size": sum(w.numel() * w.element_size() for w in weights.values())}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")


def llama(name, config, biases=(), qk_norms=False, windows=None, count=14, dtype=torch.float32, shards=1, extra=None):
    seed = zlib.crc32(name.encode())
    shapes = llama_shapes(config, biases, qk_norms)
    shapes.update(extra or {})
    stored = random_weights(shapes, seed, dtype)
    weights = {key: value.double() for key, value in stored.items()}
    tokens = some_tokens(count, seed)
    windows = windows or [None] * config["num_hidden_layers"]
    states = llama_reference.hidden_states(tokens, weights, config, windows)
    expected = {"tokens": tokens, "logits": rounded(llama_reference.logits(states[-1], weights, config))}
    thinking = config.get("thinking")
    if thinking:
        norm = {"own": "thinking_norm.weight", "shared": "model.norm.weight"}[thinking["think_norm"]]
        state = llama_reference.rms_norm(states[thinking["thinking_layer"]], weights[norm], config["rms_norm_eps"])
        expected["thinking_layer"] = thinking["thinking_layer"]
        expected["thinking_logits"] = rounded(state @ weights.get("thinking_head.weight", weights["lm_head.weight"]).T)
    save(name, config, stored, expected, shards)


def gpt2(name, prefix, extra_buffers=False, **changes):
    config = {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 24, "n_layer": 2, "n_head": 4,
        "n_positions": 32, "vocab_size": VOCABULARY, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new",
        "eos_token_id": 2, **changes,
    }
    d, feed = 24, config.get("n_inner") or 96
    shapes = {f"{prefix}wte.weight": (VOCABULARY, d), f"{prefix}wpe.weight": (32, d)}
    if not config.get("tie_word_embeddings", True):
        shapes["lm_head.weight"] = (VOCABULARY, d)
    norms = [f"{prefix}ln_f"]
    for layer in range(2):
        block = f"{prefix}h.{layer}"
        norms += [f"{block}.ln_1", f"{block}.ln_2"]
        dense = {"attn.c_attn": (d, 3 * d), "attn.c_proj": (d, d), "mlp.c_fc": (d, feed), "mlp.c_proj": (feed, d)}
        for part, shape in dense.items():
            shapes[f"{block}.{part}.weight"] = shape
            shapes[f"{block}.{part}.bias"] = shape[1:]
    for norm in norms:
        shapes[f"{norm}.weight"] = (d,)
        shapes[f"{norm}.bias"] = (d,)
    seed = zlib.crc32(name.encode())
    stored = random_weights(shapes, seed)
    weights = {key: value.double() for key, value in stored.items()}
    tokens = some_tokens(14, seed)
    states = gpt2_reference.hidden_states(tokens, weights, config, prefix)
    expected = {"tokens": tokens, "logits": rounded(gpt2_reference.logits(states[-1], weights, config, prefix))}
    if extra_buffers:
        for layer in range(2):
            stored[f"{prefix}h.{layer}.attn.bias"] = torch.ones(32, 32).tril().view(1, 1, 32, 32)
            stored[f"{prefix}h.{layer}.attn.masked_bias"] = torch.tensor(-10000.0)
    save(name, config, stored, expected)


def main():
    llama("llama", llama_config())
    llama("llama-sharded", llama_config(), shards=2)
    llama("llama-tied", llama_config(tie_word_embeddings=True))
    llama("llama-biases", llama_config(attention_bias=True, mlp_bias=True), biases=("q", "k", "v", "o", "mlp"))
    llama("llama-bf16", llama_config(torch_dtype="bfloat16"), dtype=torch.bfloat16)
    llama("llama-f16", llama_config(torch_dtype="float16"), dtype=torch.float16)
    llama("llama-linear", llama_config(rope_scaling={"type": "linear", "factor": 4.0}), count=24)
    llama3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
    llama("llama-llama3", llama_config(head_dim=16, rope_theta=500.0, rope_scaling=llama3), count=40)
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 2.0, "beta_slow": 0.25}
    llama("llama-yarn", llama_config(head_dim=16, rope_theta=100.0, rope_scaling=yarn), count=40)
    parameters = dict(yarn, rope_theta=200.0, attention_factor=1.3)
    config = llama_config(head_dim=16, rope_parameters=parameters)
    del config["rope_theta"]
    llama("llama-rope-parameters", config, count=40)
    llama("mistral-window", llama_config(model_type="mistral", sliding_window=5), windows=[5, 5], count=20)
    llama("qwen2", llama_config(model_type="qwen2", use_sliding_window=False, sliding_window=4), biases=("q", "k", "v"))
    llama(
        "qwen2-window",
        llama_config(model_type="qwen2", use_sliding_window=True, sliding_window=4, max_window_layers=1),
        biases=("q", "k", "v"), windows=[None, 4], count=20)
    llama("qwen3", llama_config(model_type="qwen3", head_dim=10, rms_norm_eps=1e-6), qk_norms=True)
    thinking = {"method": "tas", "thinking_layer": 2, "think_norm": "own", "thought_end_token_id": 3, "max_thought_tokens": 8}
    llama(
        "tas", llama_config(num_hidden_layers=4, thinking=thinking),
        extra={"thinking_head.weight": (VOCABULARY, 24), "thinking_norm.weight": (24,)})
    llama("tas-shared", llama_config(num_hidden_layers=3, thinking=dict(thinking, thinking_layer=1, think_norm="shared")))
    gpt2("gpt2", "transformer.", n_inner=None)
    gpt2("gpt2-bare", "", extra_buffers=True)
    gpt2("gpt2-untied", "transformer.", tie_word_embeddings=False, n_inner=50)


if __name__ == "__main__":
    main()
