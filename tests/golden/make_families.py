"""Makes the goldens of Gemma, Phi, Phi-3 and Granite, as make_golden.py does for the other families.

    python3 tests/golden/make_families.py
"""
import zlib

import torch

import gemma_reference
import granite_reference
import phi3_reference
import phi_reference
from make_golden import VOCABULARY, llama, llama_config, llama_shapes, random_weights, rounded, save, some_tokens


def golden(name, config, shapes, reference, count=14, dtype=torch.float32, shards=1, norms_less_one=False, thinking=None, **more):
    """One checkpoint; `thinking` gives the thinking head's logits of a state, `more` goes to hidden_states."""
    seed = zlib.crc32(name.encode())
    stored = random_weights(shapes, seed, dtype)
    if norms_less_one:
        stored = {key: value - 1 if "norm" in key else value for key, value in stored.items()}
    weights = {key: value.double() for key, value in stored.items()}
    tokens = some_tokens(count, seed)
    states = reference.hidden_states(tokens, weights, config, **more)
    expected = {"tokens": tokens, "logits": rounded(reference.logits(states[-1], weights, config))}
    if thinking:
        layer = config["thinking"]["thinking_layer"]
        expected["thinking_layer"] = layer
        expected["thinking_logits"] = rounded(thinking(states[layer], weights, config))
    save(name, config, stored, expected, shards)


def gemma_config(**changes):
    config = llama_config(
        architectures=["GemmaForCausalLM"], model_type="gemma", num_key_value_heads=1, head_dim=16, rms_norm_eps=1e-6,
        hidden_act="gelu", hidden_activation=None, tie_word_embeddings=True)
    config.update(changes)
    return config


def gemma(name, config, dtype=torch.float32, extra=None, **more):
    shapes = dict(llama_shapes(config), **(extra or {}))
    # What transformers does not write where it is the family's default.
    config = {key: value for key, value in config.items() if key != "tie_word_embeddings"}
    golden(name, config, shapes, gemma_reference, dtype=dtype, norms_less_one=True, stored_type=dtype, **more)


def phi(name, dtype=torch.float32, extra=None, **changes):
    config = {
        "architectures": ["PhiForCausalLM"], "model_type": "phi", "hidden_size": 40, "intermediate_size": 52,
        "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": None, "vocab_size": VOCABULARY,
        "max_position_embeddings": 64, "layer_norm_eps": 1e-5, "rope_theta": 10000.0, "partial_rotary_factor": 0.4,
        "hidden_act": "gelu_new", "qk_layernorm": False, "tie_word_embeddings": False, "eos_token_id": 2, **changes,
    }
    config = {key: value for key, value in config.items() if value is not ...}
    d, feed, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    dim = d // heads
    kv = (config["num_key_value_heads"] or heads) * dim
    dense = {"lm_head": (VOCABULARY, d)}
    norms = {"model.final_layernorm": d}
    for layer in range(config["num_hidden_layers"]):
        block = f"model.layers.{layer}"
        parts = {
            "self_attn.q_proj": (d, d), "self_attn.k_proj": (kv, d), "self_attn.v_proj": (kv, d),
            "self_attn.dense": (d, d), "mlp.fc1": (feed, d), "mlp.fc2": (d, feed),
        }
        dense.update({f"{block}.{part}": shape for part, shape in parts.items()})
        norms[f"{block}.input_layernorm"] = d
        if config["qk_layernorm"]:
            norms[f"{block}.self_attn.q_layernorm"] = norms[f"{block}.self_attn.k_layernorm"] = dim
    if "thinking" in config:
        dense["thinking_head"] = (VOCABULARY, d)
        norms["thinking_norm"] = d
    shapes = {"model.embed_tokens.weight": (VOCABULARY, d)}
    for part, shape in dense.items():
        shapes.update({f"{part}.weight": shape, f"{part}.bias": shape[:1]})
    for part, size in norms.items():
        shapes.update({f"{part}.weight": (size,), f"{part}.bias": (size,)})
    thinking = phi_reference.thinking_logits if "thinking" in config else None
    golden(name, config, shapes, phi_reference, dtype=dtype, thinking=thinking)


def phi3(name, count, dtype=torch.float32, shards=1, **changes):
    config = llama_config(
        architectures=["Phi3ForCausalLM"], model_type="phi3", hidden_size=32, original_max_position_embeddings=64,
        sliding_window=None, attention_bias=False, torch_dtype="float32")
    config.update(changes)
    config = {key: value for key, value in config.items() if value is not ...}
    d, feed = config["hidden_size"], config["intermediate_size"]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    shapes = {name: shape for name, shape in llama_shapes(config).items() if "_proj" not in name}
    for layer in range(config["num_hidden_layers"]):
        block = f"model.layers.{layer}"
        shapes[f"{block}.self_attn.qkv_proj.weight"] = ((heads + 2 * kv_heads) * (d // heads), d)
        shapes[f"{block}.self_attn.o_proj.weight"] = (d, d)
        shapes[f"{block}.mlp.gate_up_proj.weight"] = (2 * feed, d)
        shapes[f"{block}.mlp.down_proj.weight"] = (d, feed)
    golden(name, config, shapes, phi3_reference, count=count, dtype=dtype, shards=shards)


def granite_config(**changes):
    config = llama_config(
        architectures=["GraniteForCausalLM"], model_type="granite", embedding_multiplier=12.0, attention_multiplier=0.15,
        residual_multiplier=0.22, logits_scaling=8.0)
    config.update(changes)
    return {key: value for key, value in config.items() if value is not ...}


def main():
    gemma("gemma", gemma_config())
    gemma(
        "gemma-wide",
        gemma_config(num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, head_dim=256,
                     hidden_act="gelu_pytorch_tanh", hidden_activation="gelu_pytorch_tanh", dtype="bfloat16"),
        dtype=torch.bfloat16, shards=2)
    thinking = {"method": "tas", "thinking_layer": 2, "think_norm": "own", "thought_end_token_id": 3, "max_thought_tokens": 8}
    gemma(
        "gemma-tas", gemma_config(num_hidden_layers=4, num_key_value_heads=2, thinking=thinking, torch_dtype="float16"),
        dtype=torch.float16, thinking=gemma_reference.thinking_logits,
        extra={"thinking_head.weight": (VOCABULARY, 24), "thinking_norm.weight": (24,)})

    phi("phi")
    rope = {"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5}
    phi("phi-norms", num_attention_heads=5, num_key_value_heads=1, qk_layernorm=True, rope_parameters=rope,
        rope_theta=..., partial_rotary_factor=...)
    phi("phi-tas", num_hidden_layers=3, thinking=dict(thinking, thinking_layer=1), dtype=torch.bfloat16)

    phi3("phi3", 40, sliding_window=6)
    factors = {"short_factor": [1.0, 1.1, 1.3, 1.6], "long_factor": [1.0, 2.0, 4.5, 7.5]}
    long_rope = {"type": "longrope", **factors}
    phi3("phi3-short", 16, original_max_position_embeddings=16, rope_scaling=long_rope)
    phi3("phi3-long", 17, original_max_position_embeddings=16, rope_scaling=long_rope)
    phi3("phi3-su", 40, original_max_position_embeddings=16, rope_scaling=dict(long_rope, type="su"), sliding_window=30,
         tie_word_embeddings=True, dtype=torch.bfloat16, torch_dtype="bfloat16", shards=2)
    partial = {"rope_type": "longrope", "rope_theta": 300.0, "partial_rotary_factor": 0.75, "attention_factor": 1.2,
               "original_max_position_embeddings": 16, "short_factor": [1.0, 1.2, 1.5], "long_factor": [1.5, 3.0, 6.0]}
    phi3("phi3-partial", 30, original_max_position_embeddings=..., rope_theta=..., rope_parameters=partial, torch_dtype=...)

    config = granite_config(tie_word_embeddings=True)
    golden("granite", config, llama_shapes(config), granite_reference)
    rope = {"rope_type": "linear", "rope_theta": 300.0, "factor": 2.0}
    config = granite_config(attention_bias=True, mlp_bias=True, num_key_value_heads=1, rope_parameters=rope, rope_theta=...)
    golden("granite-biases", config, llama_shapes(config, ("q", "k", "v", "o", "mlp")), granite_reference)
    config = granite_config(num_hidden_layers=3, thinking=dict(thinking, thinking_layer=1, think_norm="shared"))
    golden("granite-tas", config, llama_shapes(config), granite_reference, thinking=granite_reference.logits)

    llama("mistral", llama_config(model_type="mistral", sliding_window=None, head_dim=10), count=20, dtype=torch.float16)


if __name__ == "__main__":
    main()
