"""Makes tests/Models.Tests/GoldenAdapters: LoRA and Bitune folders in PEFT's layout, on the bases of tests/Models.Tests/Golden.

    python3 tests/golden/make_adapters.py

LoRA (arXiv 2106.09685), rank-stabilised scaling (2312.03732), Bitune (2405.14862). The expected answers are greedy, in
float64, with the adapters merged into the weights. Nothing here shares code with the server.
"""
import json
import math
import pathlib
import re
import struct
import zlib

import torch

import cached_reference
import gpt2_reference
import llama_reference
import phi3_reference
import phi_reference
import safetensors_io
from make_golden import rounded, some_tokens

HERE = pathlib.Path(__file__).resolve().parent.parent / "Models.Tests"
OUT = HERE / "GoldenAdapters"
STEPS = 6
LLAMA = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]


def read(base):
    folder = HERE / "Golden" / base
    data = (folder / "model.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    weights = {}
    for name, info in header.items():
        if name == "__metadata__":
            continue
        assert info["dtype"] == "F32"
        start, end = info["data_offsets"]
        values = torch.frombuffer(bytearray(data[8 + size + start:8 + size + end]), dtype=torch.float32)
        weights[name] = values.view(info["shape"]).double()
    return json.loads((folder / "config.json").read_text()), weights


def adapter(seed, modules, weights, ranks, dtype=torch.float32, conv1d=False):
    """modules: paths within the base; ranks: path -> r. Returns path -> (A [r, in], B [out, r])."""
    generator = torch.Generator().manual_seed(seed)
    pairs = {}
    for path in modules:
        shape = weights[f"{path}.weight"].shape
        outputs, inputs = (shape[1], shape[0]) if conv1d else (shape[0], shape[1])
        r = ranks(path)
        a = torch.randn(r, inputs, generator=generator, dtype=torch.float64) / inputs ** 0.5
        b = torch.randn(outputs, r, generator=generator, dtype=torch.float64) / r ** 0.5
        pairs[path] = (a.to(dtype), b.to(dtype))
    return pairs


def merged(weights, pairs, scale, conv1d=False):
    result = dict(weights)
    for path, (a, b) in pairs.items():
        delta = scale(path) * b.double() @ a.double()
        result[f"{path}.weight"] = weights[f"{path}.weight"] + (delta.T if conv1d else delta)
    return result


def tensors(pairs, infix=""):
    result = {}
    for path, (a, b) in pairs.items():
        result[f"base_model.model.{path}.lora_A{infix}.weight"] = a
        result[f"base_model.model.{path}.lora_B{infix}.weight"] = b
    return result


def config_of(base, **changes):
    config = {
        "alpha_pattern": {}, "auto_mapping": None, "base_model_name_or_path": f"../../Golden/{base}", "bias": "none",
        "fan_in_fan_out": False, "inference_mode": True, "init_lora_weights": True, "layers_pattern": None,
        "layers_to_transform": None, "loftq_config": {}, "lora_alpha": 8, "lora_dropout": 0.05, "megatron_config": None,
        "modules_to_save": None, "peft_type": "LORA", "r": 4, "rank_pattern": {}, "revision": None,
        "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM", "use_dora": False, "use_rslora": False,
    }
    config.update(changes)
    return config


def save(folder, config, stored):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=1) + "\n")
    safetensors_io.write(folder / "adapter_model.safetensors", stored)


def expect(name, base, prompt, rows):
    """rows: logits of each step; the answer is greedy."""
    answer = [int(row.argmax()) for row in rows]
    text = json.dumps({"base": base, "tokens": prompt, "answer": answer, "logits": rounded(torch.stack(rows))})
    (OUT / name / "expected.json").write_text(text + "\n")


def lora(name, base, modules, config, dtype=torch.float32, infix="", gpt2=False, reference=None):
    """reference: whose forward takes nothing but tokens, weights and configuration; Llama's unless given."""
    seed = zlib.crc32(name.encode())
    model, weights = read(base)
    matches = [path[:-len(".weight")] for path in weights if any(re.search(rf"\.(\d+)\.{re.escape(m)}\.weight$", path) for m in modules)]
    chosen = [path for path in matches if config["layers_to_transform"] is None or layer_of(path) in config["layers_to_transform"]]

    def of(patterns, path, default):
        return next((value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", path)), default)

    def rank(path):
        return of(config["rank_pattern"], path, config["r"])

    def scale(path):
        r = rank(path)
        return of(config["alpha_pattern"], path, config["lora_alpha"]) / (math.sqrt(r) if config["use_rslora"] else r)

    pairs = adapter(seed, chosen, weights, rank, dtype, gpt2)
    save(OUT / name, config, tensors(pairs, infix))
    adapted = merged(weights, pairs, scale, gpt2)
    windows = [] if gpt2 or reference else [[None] * model["num_hidden_layers"]]
    reference = gpt2_reference if gpt2 else reference or llama_reference
    prompt = some_tokens(9, seed)
    tokens, rows = list(prompt), []
    for _ in range(STEPS):
        states = reference.hidden_states(tokens, adapted, model, *windows)
        rows.append(reference.logits(states[-1], adapted, model)[-1])
        tokens.append(int(rows[-1].argmax()))
    expect(name, base, prompt, rows)


def layer_of(path):
    return int(re.search(r"\.(\d+)\.", path)[1])


def bitune(name, base, pass_type=None, s_init=None, skip_bidir=0, targets=LLAMA, count=9):
    seed = zlib.crc32(name.encode())
    model, weights = read(base)
    layers = model["num_hidden_layers"]
    modules = [f"model.layers.{layer}.{module}" for layer in range(layers) for module in targets]
    causal, bidirectional = (adapter(seed + i, modules, weights, lambda path: 8) for i in range(2))
    generator = torch.Generator().manual_seed(seed + 2)
    thetas = {part: torch.randn(layers, generator=generator) * 0.02 for part in "kv"}
    names = sorted({module.split(".")[-1] for module in targets})
    config = config_of(base, r=8, lora_alpha=16, target_modules=names, modules_to_save=["pass_scale_k", "pass_scale_v"])

    def scales(values):
        result = {}
        for part in "kv":
            result[f"base_model.model.pass_scale_{part}.weight"] = values(part)
            result[f"base_model.model.pass_scale_{part}._ratio"] = torch.rand(layers)
            result[f"base_model.model.pass_scale_{part}._denominator"] = torch.rand(layers)
        return result

    torch.manual_seed(seed)
    save(OUT / name, config, {**tensors(causal), **scales(lambda part: thetas[part])})
    save(OUT / name / "prefill", config, {**tensors(bidirectional), **scales(lambda part: torch.full((layers,), 9.0))})
    if pass_type is not None:
        written = dict(model, architectures=["ThinkLlamaForCausalLM"], pass_type=pass_type, skip_bidir=skip_bidir, ablation=0, think_tokens=0)
        written.pop("thinking", None)
        if s_init is not None:
            written["s_init"] = s_init
        (OUT / name / "config.json").write_text(json.dumps(written, indent=1) + "\n")

    s = 0.01 if s_init is None else s_init
    c, b = (merged(weights, pairs, lambda path: 16 / 8) for pairs in (causal, bidirectional))
    prompt = some_tokens(count, seed)
    body = torch.tensor(prompt[:-1])
    positions = torch.arange(len(prompt) - 1)
    everything = torch.ones(len(body), len(body), dtype=torch.bool)

    def seen(layer):
        unmasked = layer >= skip_bidir if skip_bidir >= 0 else layer < -skip_bidir
        return everything if unmasked else everything.tril()

    _, kv_b = cached_reference.run(cached_reference.embed(body, b), positions, b, model, seen=seen)
    h_c, kv_c = cached_reference.run(cached_reference.embed(body, c), positions, c, model)
    plain = llama_reference.hidden_states(prompt[:-1], c, model, [None] * layers)[-1]
    assert torch.allclose(h_c, plain, atol=1e-10)

    def blend(part, layer, kc, kb):
        theta = thetas[part][layer].double()
        theta = theta.clamp(min=0) if pass_type == 801 else theta.abs()
        if pass_type in (None, 607):
            return (kc * s + kb * theta) / (s + theta)
        alpha = theta / (theta + s)
        return kc * (1 - alpha) + kb * alpha

    past = [(blend("k", i, kc, kb), blend("v", i, vc, vb)) for i, ((kc, vc), (kb, vb)) in enumerate(zip(kv_c, kv_b))]
    token, rows = prompt[-1], []
    for step in range(STEPS):
        at = torch.tensor([len(prompt) - 1 + step])
        h, added = cached_reference.run(cached_reference.embed(torch.tensor([token]), c), at, c, model, past)
        past = cached_reference.joined(past, added)
        rows.append(llama_reference.logits(h, c, model)[0])
        token = int(rows[-1].argmax())
    expect(name, base, prompt, rows)


def main():
    lora("lora", "llama", ["self_attn.q_proj", "self_attn.v_proj"], config_of("llama"))
    lora(
        "lora-all-linear", "llama", LLAMA,
        config_of(
            "llama", target_modules="all-linear", use_rslora=True, rank_pattern={"q_proj": 2, r"layers\.1\.mlp\..*": 3},
            alpha_pattern={"model.layers.0.self_attn.k_proj": 5}, init_lora_weights="gaussian"),
        dtype=torch.bfloat16, infix=".default")
    lora(
        "lora-pattern", "llama", ["mlp.up_proj", "mlp.gate_proj"],
        config_of("llama", target_modules=r".*\.mlp\.(up|gate)_proj", layers_to_transform=[1], layers_pattern="layers"), dtype=torch.float16)
    lora("lora-gpt2", "gpt2", ["attn.c_attn", "mlp.c_proj"], config_of("gpt2", target_modules=["c_attn", "mlp.c_proj"], fan_in_fan_out=True), gpt2=True)
    fused = ["qkv_proj", "gate_up_proj"]
    lora(
        "lora-phi3", "phi3", ["self_attn.qkv_proj", "mlp.gate_up_proj"], config_of("phi3", target_modules=fused),
        reference=phi3_reference)
    side_by_side = ["q_proj", "dense", "fc1", "fc2"]
    lora(
        "lora-phi", "phi", ["self_attn.q_proj", "self_attn.dense", "mlp.fc1", "mlp.fc2"],
        config_of("phi", target_modules=side_by_side), reference=phi_reference)
    bitune("bitune", "llama")
    bitune("bitune-607", "tas", pass_type=607, s_init=0.05)
    bitune("bitune-800", "tas", pass_type=800, skip_bidir=-3, targets=LLAMA[:3])
    bitune("bitune-801", "tas", pass_type=801, skip_bidir=2)


if __name__ == "__main__":
    main()
