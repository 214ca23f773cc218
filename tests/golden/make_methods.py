"""Makes tests/Models.Tests/GoldenMethods: tiny random checkpoints of Quiet-STaR and ICoT-KD with greedy generations.

    python3 tests/golden/make_methods.py

Quiet-STaR (arXiv 2403.09629) as its training runs it: every position thinks at once, one row per position and iteration,
under a mask widened by a diagonal block for each; the server thinks at the last position only and must agree.
ICoT-KD (arXiv 2311.01460): kd_reference.py. Float64; nothing here shares code with the server.
"""
import json
import pathlib
import zlib

import torch
from torch import nn

import cached_reference
import kd_reference
import llama_reference
import safetensors_io
from make_golden import VOCABULARY, llama_config, llama_shapes, random_weights, rounded, some_tokens

OUT = pathlib.Path(__file__).resolve().parent.parent / "Models.Tests" / "GoldenMethods"
STEPS = 6


def save(folder, config, stored):
    folder.mkdir(parents=True, exist_ok=True)
    safetensors_io.write(folder / "model.safetensors", stored)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def expect(name, expected):
    (OUT / name / "expected.json").write_text(json.dumps(expected) + "\n")


def float32_module(module, seed):
    """Random weights that a float32 file holds exactly."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            scale = 1.5 / parameter.shape[-1] ** 0.5 if parameter.dim() > 1 else 0.3
            parameter.copy_((torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * scale).float())
    return module


def all_think(tokens, weights, config, talk, start, end, sampled, limit):
    """One parallel forward: base and mixed logits behind the last token, its thought and its weight."""
    count = len(tokens)
    eps = config["rms_norm_eps"]
    window = config["sliding_window"]
    at = torch.arange(count)
    diagonal = torch.eye(count, dtype=torch.bool)
    real = torch.ones(count, count, dtype=torch.bool).tril()

    def norm(h):
        return llama_reference.rms_norm(h, weights["model.norm.weight"], eps)

    def logits(h):
        found = h @ weights["lm_head.weight"].T
        found[:, limit:] = float("-inf")
        return found

    h, past = cached_reference.run(cached_reference.embed(torch.tensor(tokens), weights), at, weights, config)
    assert window is None or window > count + sampled + 2
    base = norm(h)
    rows, thoughts = start.expand(count, -1), []
    for ahead in range(1, sampled + 3):
        mask = torch.cat([real] + [diagonal] * ahead, 1)
        h, added = cached_reference.run(rows, at + ahead, weights, config, past, seen=lambda layer: mask)
        past = cached_reference.joined(past, added)
        if ahead <= sampled:
            thoughts.append(logits(norm(h)).argmax(-1))
            rows = cached_reference.embed(thoughts[-1], weights)
        else:
            rows = end.expand(count, -1)
    after = norm(h)
    weight = talk(torch.cat([base, after], -1))
    mixed = logits((1 - weight) * base + weight * after)
    return mixed[-1, :limit], [int(thought[-1]) for thought in thoughts], float(weight[-1])


def quiet_star(name, config, sampled, scale, limit):
    seed = zlib.crc32(name.encode())
    d = config["hidden_size"]
    shapes = llama_shapes(config)
    stored = random_weights(shapes, seed)
    talk = nn.Sequential(nn.Linear(2 * d, d), nn.ReLU(), nn.Linear(d, d), nn.ReLU(), nn.Linear(d, 1, bias=False)).double()
    float32_module(talk, seed + 1)
    generator = torch.Generator().manual_seed(seed + 2)
    for part in ("start", "end"):
        stored[f"{part}_embedding"] = (torch.randn(2, d, generator=generator) / scale)
    for key, value in talk.state_dict().items():
        stored[f"talk_head.0.{key}"] = value.float()
    save(OUT / name, config, stored)

    weights = {key: value.double() for key, value in stored.items()}
    start, end = (weights[f"{part}_embedding"][:1] * scale for part in ("start", "end"))
    prompt = [token % limit for token in some_tokens(7, seed)]
    tokens, thoughts, mixes, rows = list(prompt), [], [], []
    with torch.no_grad():
        for _ in range(STEPS):
            row, thought, weight = all_think(tokens, weights, config, talk, start, end, sampled, limit)
            rows.append(row)
            thoughts += thought
            mixes.append(weight)
            tokens.append(int(row.argmax()))
    expect(name, {
        "tokens": prompt, "answer": tokens[len(prompt):], "thoughts": thoughts, "mix": mixes, "limit": limit,
        "logits": rounded(torch.stack(rows))})


def gpt2_weights(config, prefix, seed):
    d, feed = config["n_embd"], 4 * config["n_embd"]
    shapes = {f"{prefix}wte.weight": (config["vocab_size"], d), f"{prefix}wpe.weight": (config["n_positions"], d)}
    norms = [f"{prefix}ln_f"]
    for layer in range(config["n_layer"]):
        block = f"{prefix}h.{layer}"
        norms += [f"{block}.ln_1", f"{block}.ln_2"]
        for part, shape in {"attn.c_attn": (d, 3 * d), "attn.c_proj": (d, d), "mlp.c_fc": (d, feed), "mlp.c_proj": (feed, d)}.items():
            shapes[f"{block}.{part}.weight"] = shape
            shapes[f"{block}.{part}.bias"] = shape[1:]
    for norm in norms:
        shapes[f"{norm}.weight"] = (d,)
        shapes[f"{norm}.bias"] = (d,)
    return random_weights(shapes, seed)


def icot_kd(name, prefixes, components, temperature):
    seed = zlib.crc32(name.encode())
    config = {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 16, "n_layer": 3, "n_head": 2, "n_positions": 40,
        "vocab_size": VOCABULARY, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new", "eos_token_id": 2,
        "thinking": {"method": "icot_kd", "separator_token_id": 2},
    }
    emulator = float32_module(kd_reference.Emulator(3, 16, components).double(), seed)
    student = float32_module(kd_reference.Student(3, 16).double(), seed + 1)
    stored = [gpt2_weights(config, prefix, seed + 2 + i) for i, prefix in enumerate(prefixes)]
    weights = [{key: value.double() for key, value in part.items()} for part in stored]
    for part, nets in zip(stored, (emulator, student)):
        part.update({key: value.float() for key, value in nets.state_dict().items()})
    save(OUT / name, config, stored[1])
    of_emulator = {key: value for key, value in config.items() if key != "thinking"}
    if temperature is not None:
        of_emulator.update(mixture_size=components, softmax_temperature=temperature)
    save(OUT / name / "emulator", of_emulator, stored[0])

    prompt = [token % VOCABULARY if token != 2 else 3 for token in some_tokens(8, seed)] + [2]
    tokens, rows = list(prompt), []
    with torch.no_grad():
        guesses = kd_reference.emulated(prompt, weights[0], config, emulator, temperature or 0.05, prefixes[0])
        for _ in range(STEPS):
            rows.append(kd_reference.student_logits(tokens, len(prompt) - 1, guesses, weights[1], config, student, prefixes[1]))
            tokens.append(int(rows[-1].argmax()))
    expect(name, {"tokens": prompt, "answer": tokens[len(prompt):], "logits": rounded(torch.stack(rows))})


def main():
    released = {
        "max_thoughts": 10, "merged_talk_heads": True, "merged_lm_and_talk_heads": False, "merged_lm_and_think_heads": True,
        "use_concat_talk_head": True, "use_shallow_talk": False, "use_shallow_think": True, "use_complex_talk_head": True,
        "use_complex_think_head": False, "use_weighted_talk_head": True,
    }
    mistral = llama_config(model_type="mistral", architectures=["MistralForCausalLM"], sliding_window=4096, **released)
    quiet_star("quiet-star", mistral, sampled=5, scale=100.0, limit=VOCABULARY)
    thinking = {"method": "quiet_star", "n_ahead": 6, "embedding_scale": 7.0, "base_vocab_size": VOCABULARY - 2}
    quiet = llama_config(model_type="quiet", architectures=["QuietForCausalLM"], sliding_window=None, thinking=thinking)
    quiet_star("quiet-star-block", quiet, sampled=3, scale=7.0, limit=VOCABULARY - 2)
    icot_kd("icot-kd", ("base_model.transformer.", "base_model.transformer."), components=1, temperature=None)
    icot_kd("icot-kd-mixture", ("transformer.", ""), components=3, temperature=0.5)


if __name__ == "__main__":
    main()
