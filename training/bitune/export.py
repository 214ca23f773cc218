"""Writes adapters in the layout of the published code: what PEFT saves, with the base's config beside it."""

import json
from pathlib import Path

from ..common import lora
from .model import Bitune

SHARES = ("pass_scale_k", "pass_scale_v")


def export(model: Bitune, directory: str | Path, base: str, base_config: dict) -> None:
    """A LoRA directory (variant `lora`), or a Bitune one: root adapter, `prefill/` adapter, shares, config.json.

    `base` is the path of the base as the adapter's config names it. No tokenizer files: they are the base's.
    """
    directory = Path(directory)
    if model.variant == "lora":
        lora.save(directory, model.causal, base)
        return
    if model.variant != "bitune":
        raise ValueError(f"The control {model.variant!r} is no Bitune checkpoint and is not exported.")
    shares = {f"{name}.weight": getattr(model, name).weight.detach().float() for name in SHARES}
    # Nothing reads `_ratio` and `_denominator`, diagnostics of the published code; here alpha and its denominator.
    for name in SHARES:
        scale = getattr(model, name)
        shares[f"{name}._ratio"] = scale.alpha().detach().float()
        shares[f"{name}._denominator"] = (scale.weight.abs() + scale.s_init).detach().float()
    lora.save(directory, model.causal, base, shares, SHARES)
    lora.save(directory / "prefill", model.prefill, base, shares, SHARES)
    settings = model.settings
    config = {
        **base_config, "architectures": ["Think" + base_config.get("architectures", ["LlamaForCausalLM"])[0]],
        "pass_type": settings.pass_type, "s_init": settings.s_init, "skip_bidir": settings.skip_bidir,
        "think_tokens": 0, "ablation": 0}
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
