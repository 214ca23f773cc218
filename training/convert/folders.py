"""Published checkpoint folders, pickles and all, as folders the server loads.

Whole models and shards keep their tensors' names. The ICoT releases have a config.json that only names a base model, and
`base_model.` before every tensor: they take config and tokenizer from `--base`. Adapters (PEFT, Bitune with its `prefill`
folder) are converted folder by folder.
"""

import json
import shutil
from pathlib import Path

from torch import Tensor

from ..common import safetensors
from .pickles import read

_WHOLE = {
    "pytorch_model.bin": "model.safetensors", "state_dict.bin": "model.safetensors",
    "adapter_model.bin": "adapter_model.safetensors"}
_INDEX = "pytorch_model.bin.index.json"
_KEPT = (".json", ".txt", ".jinja", ".model", ".md")
_TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "chat_template.jinja",
    "generation_config.json")
ICOT_PREFIX = "base_model."


def convert(source: str | Path, out: str | Path, base: str | Path | None = None, emulator: str | Path | None = None) -> list[str]:
    """Converts a folder and its subfolders; returns the files written, for the user."""
    source, out = Path(source), Path(out)
    if not source.is_dir():
        raise FileNotFoundError(f"{source} is no folder.")
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty: name a new folder.")
    config = _config(source)
    if emulator is not None:
        _require(base, "An ICoT-KD pair names its base model only; give its folder with --base.")
        _icot(source, out, Path(base), "icot_kd")
        _icot(Path(emulator), out / "emulator", Path(base), None)
    elif (source / "state_dict.bin").exists() and "model_type" not in config:
        _require(base, f"{source}/config.json names its base model only ({config.get('base_model')}); give its folder with --base.")
        _icot(source, out, Path(base), "icot_si")
    else:
        folders = [folder for folder in (source, *sorted(p for p in source.iterdir() if p.is_dir())) if _has_pickle(folder)]
        if not folders:
            raise FileNotFoundError(f"{source} holds none of {', '.join([*_WHOLE, _INDEX])}.")
        for folder in folders:
            _plain(folder, out / folder.relative_to(source))
        if source not in folders:
            _copy(source, out)
    return [str(path.relative_to(out)) for path in sorted(out.rglob("*")) if path.is_file()]


def _plain(folder: Path, out: Path) -> None:
    """Pickles to safetensors under the same tensor names, one file for one file; other files of a model are copied."""
    _copy(folder, out)
    if (folder / _INDEX).exists():
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        renamed = {}
        for shard in sorted(set(index["weight_map"].values())):
            if Path(shard).name != shard:
                raise ValueError(f"{folder / _INDEX} names a shard outside its folder: {shard}.")
            renamed[shard] = shard.replace("pytorch_model", "model").removesuffix(".bin") + ".safetensors"
            _save(out / renamed[shard], read(folder / shard))
        index["weight_map"] = {name: renamed[shard] for name, shard in index["weight_map"].items()}
        (out / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
        return
    for name, target in _WHOLE.items():
        if (folder / name).exists():
            _save(out / target, read(folder / name))


def _icot(folder: Path, out: Path, base: Path, method: str | None) -> None:
    """A published ICoT network: the base's config with the sizes of the weights, and the thinking block."""
    tensors = read(folder / "state_dict.bin")
    # The models' GPT-2 is below base_model., the nets of ICoT-KD are beside it. Whole networks lose the prefix.
    if all(name.startswith(ICOT_PREFIX) for name in tensors):
        tensors = {name.removeprefix(ICOT_PREFIX): tensor for name, tensor in tensors.items()}
    config = _config(base)
    _require(config.get("model_type"), f"{base}/config.json has no model_type.")
    for name, tensor in tensors.items():
        if name.endswith("wte.weight"):
            config["vocab_size"] = tensor.shape[0]
        elif name.endswith("wpe.weight"):  # the published code may lengthen it
            config["n_positions"] = config["n_ctx"] = tensor.shape[0]
    published = _config(folder)
    config |= {key: published[key] for key in ("mixture_size", "softmax_temperature") if key in published}
    out.mkdir(parents=True, exist_ok=True)
    if method:
        config["thinking"] = {
            "method": method, "separator_token_id": config["eos_token_id"], "prompt_template": " {input} {eos}"}
        if method == "icot_si":
            config["thinking"]["eos_count_to_stop"] = 2
        for name in _TOKENIZER_FILES:
            if (base / name).exists():
                shutil.copyfile(base / name, out / name)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    _save(out / "model.safetensors", tensors)


def _save(path: Path, tensors: dict[str, Tensor]) -> None:
    safetensors.save(path, tensors, {"format": "pt"})


def _copy(folder: Path, out: Path) -> None:
    """Everything a model needs beside its weights; no pickles, no code, no folders."""
    out.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_file() and path.suffix in _KEPT and path.name != _INDEX:
            shutil.copyfile(path, out / path.name)


def _has_pickle(folder: Path) -> bool:
    return (folder / _INDEX).exists() or any((folder / name).exists() for name in _WHOLE)


def _config(folder: Path) -> dict:
    path = folder / "config.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _require(value, message: str) -> None:
    if not value:
        raise ValueError(message)
