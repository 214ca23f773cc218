"""Checkpoint directories in Hugging Face layout: config.json and safetensors, single or sharded with an index."""

import json
from pathlib import Path

import torch
from torch import Tensor

from . import safetensors


def read_config(directory: str | Path) -> dict:
    """The contents of config.json."""
    path = Path(directory) / "config.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: a checkpoint directory in Hugging Face layout is needed.")
    return json.loads(path.read_text(encoding="utf-8"))


def read_tensors(directory: str | Path) -> dict[str, Tensor]:
    """All tensors of `model.safetensors`, or of the shards that `model.safetensors.index.json` lists, as f32."""
    directory = Path(directory)
    index = directory / "model.safetensors.index.json"
    if index.exists():
        places = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        tensors = {}
        for shard in sorted(set(places.values())):
            if Path(shard).name != shard:
                raise ValueError(f"{index} names a shard outside its directory: {shard}.")
            contents, _ = safetensors.load(directory / shard)
            tensors.update({name: tensor for name, tensor in contents.items() if places.get(name) == shard})
        missing = sorted(set(places) - set(tensors))
        if missing:
            raise ValueError(f"{index} lists tensors that its shards do not hold: {', '.join(missing[:5])}.")
    elif (directory / "model.safetensors").exists():
        tensors, _ = safetensors.load(directory / "model.safetensors")
    else:
        raise FileNotFoundError(
            f"{directory} holds neither model.safetensors nor its index. PyTorch .bin files are not read; convert them.")
    return {name: tensor.float() for name, tensor in tensors.items()}


def rounded(tensors: dict[str, Tensor], dtype: torch.dtype = torch.bfloat16) -> dict[str, Tensor]:
    """The tensors as a checkpoint of that type holds them."""
    return {name: tensor.detach().to(dtype) for name, tensor in tensors.items()}


def write(directory: str | Path, tensors: dict[str, Tensor], config: dict, generation: dict) -> None:
    """Writes model.safetensors, config.json and generation_config.json."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    safetensors.save(directory / "model.safetensors", tensors, {"format": "pt"})
    for name, content in (("config.json", config), ("generation_config.json", generation)):
        (directory / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
