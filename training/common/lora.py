"""LoRA adapters on a decoder, in the layout that PEFT saves: W + alpha / r * B A for each chosen linear module."""

import copy
import json
import math
from pathlib import Path

import torch
from torch import Tensor, nn

from . import safetensors
from .decoder import Decoder, Weights

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_PREFIX = "base_model.model."


class Adapter(nn.Module):
    """One LoRA adapter; `lora_A` [r, in] starts random, `lora_B` [out, r] at zero, so that nothing changes at first."""

    def __init__(self, model: Decoder, rank: int, alpha: float, targets: tuple[str, ...] = TARGETS):
        super().__init__()
        self.rank, self.alpha, self.targets = rank, alpha, tuple(targets)
        self.scale = alpha / rank
        self.lora_A, self.lora_B = nn.ParameterDict(), nn.ParameterDict()
        for name, module in model.model.layers.named_modules():
            if isinstance(module, nn.Linear) and name.rpartition(".")[2] in self.targets:
                key = _key(name)
                self.lora_A[key] = nn.Parameter(torch.zeros(rank, module.in_features))
                self.lora_B[key] = nn.Parameter(torch.zeros(module.out_features, rank))
        if not self.lora_A:
            raise ValueError(f"The model has no linear modules named {', '.join(self.targets)}.")

    def initialise(self, generator: torch.Generator) -> None:
        """PEFT's start: A uniform in +-1/sqrt(in), B zero."""
        with torch.no_grad():
            for name, parameter in self.lora_A.items():
                bound = 1 / math.sqrt(parameter.shape[1])
                parameter.copy_((torch.rand(parameter.shape, generator=generator) * 2 - 1) * bound)
                self.lora_B[name].zero_()

    def of(self, layer: int) -> Weights:
        """The changed weights of a layer's modules, for `Decoder.run_packed`."""
        def weight(path: str, module: nn.Linear) -> Tensor:
            key = _key(f"{layer}.{path}")
            if key not in self.lora_A:
                return module.weight
            return torch.addmm(module.weight, self.lora_B[key], self.lora_A[key], alpha=self.scale)
        return weight

    @torch.no_grad()
    def merged(self, model: Decoder) -> Decoder:
        """A copy of the model with the adapter in its weights, for inference in f32."""
        out = copy.deepcopy(model).eval()
        for layer, block in enumerate(out.model.layers):
            weights = self.of(layer)
            for path, module in block.named_modules():
                if isinstance(module, nn.Linear):
                    module.weight.copy_(weights(path, module))
        return out

    def tensors(self) -> dict[str, Tensor]:
        """The weights under PEFT's names, bf16."""
        out = {}
        for kind, group in (("lora_A", self.lora_A), ("lora_B", self.lora_B)):
            for key, value in group.items():
                out[f"{_PREFIX}model.layers.{key.replace('/', '.')}.{kind}.weight"] = value.detach().bfloat16()
        return out

    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Takes the weights back from PEFT's names; others (`pass_scale_k` ...) are left alone."""
        own = self.tensors()
        lora = {name for name in tensors if ".lora_" in name}
        if lora != set(own):
            raise ValueError(f"The adapter holds other modules than its config says: {sorted(lora ^ set(own))[:4]}.")
        with torch.no_grad():
            for kind, group in (("lora_A", self.lora_A), ("lora_B", self.lora_B)):
                for key, parameter in group.items():
                    parameter.copy_(tensors[f"{_PREFIX}model.layers.{key.replace('/', '.')}.{kind}.weight"])


def _key(name: str) -> str:
    return name.replace(".", "/")  # parameter names must not hold dots


def save(
    directory: str | Path, adapter: Adapter, base: str, extra: dict[str, Tensor] | None = None,
    saved_modules: tuple[str, ...] = (),
) -> None:
    """Writes adapter_config.json and adapter_model.safetensors; `base` is the base's path as the config names it.

    `extra` are the tensors of the `saved_modules`, under the names they have in the model.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    config = {
        "alpha_pattern": {}, "auto_mapping": None, "base_model_name_or_path": base, "bias": "none",
        "fan_in_fan_out": False, "inference_mode": True, "init_lora_weights": True, "layers_pattern": None,
        "layers_to_transform": None, "lora_alpha": adapter.alpha, "lora_dropout": 0.0,
        "modules_to_save": list(saved_modules) or None, "peft_type": "LORA", "r": adapter.rank, "rank_pattern": {},
        "revision": None, "target_modules": list(adapter.targets), "task_type": "CAUSAL_LM", "use_dora": False,
        "use_rslora": False}
    (directory / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    tensors = adapter.tensors() | {_PREFIX + name: value for name, value in (extra or {}).items()}
    safetensors.save(directory / "adapter_model.safetensors", tensors, {"format": "pt"})


def load(directory: str | Path, model: Decoder) -> tuple[Adapter, dict[str, Tensor]]:
    """The adapter of a directory, widened to f32, and its other tensors under the names they have in the model."""
    directory = Path(directory)
    config = json.loads((directory / "adapter_config.json").read_text(encoding="utf-8"))
    if config.get("peft_type") != "LORA" or config.get("use_dora") or config.get("use_rslora"):
        raise ValueError(f"{directory / 'adapter_config.json'} is not plain LoRA.")
    tensors, _ = safetensors.load(directory / "adapter_model.safetensors")
    adapter = Adapter(model, config["r"], config["lora_alpha"], tuple(config["target_modules"]))
    adapter.load_tensors(tensors)
    extra = {name.removeprefix(_PREFIX): value for name, value in tensors.items() if ".lora_" not in name}
    return adapter, extra


def base_directory(directory: str | Path) -> Path:
    """Where the base of an adapter directory is: its config names it relative to the directory, or absolutely."""
    directory = Path(directory)
    config = json.loads((directory / "adapter_config.json").read_text(encoding="utf-8"))
    return directory / config["base_model_name_or_path"]
