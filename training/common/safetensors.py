"""Reads and writes the safetensors format: an 8-byte header length, a JSON header, then raw tensor bytes.

Format: https://huggingface.co/docs/safetensors. No pickle is ever read.
"""

import json
import os
from pathlib import Path

import torch
from torch import Tensor

_TYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
    "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}
_MAX_HEADER = 100_000_000


def save(path: str | Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Writes tensors in name order; the file appears whole or not at all."""
    header: dict = {"__metadata__": dict(metadata)} if metadata else {}
    offset = 0
    for name in sorted(tensors):
        tensor = tensors[name]
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    part = Path(f"{path}.part")
    with part.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in sorted(tensors):
            data = tensors[name].detach().cpu().contiguous().reshape(-1)
            if data.numel():
                file.write(data.view(torch.uint8).numpy().tobytes())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors of a file, and its metadata. Raises ValueError where the file is not a valid safetensors file."""
    path = Path(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, _MAX_HEADER):
            raise ValueError(f"{path} is not a safetensors file: its header does not fit into the file.")
        try:
            header = json.loads(file.read(length))
        except ValueError as problem:
            raise ValueError(f"{path} is not a safetensors file: {problem}") from None
        metadata = header.pop("__metadata__", {})
        tensors = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            dtype = _TYPES.get(entry["dtype"])
            if dtype is None:
                raise ValueError(f"{path}: tensor {name} has the unsupported type {entry['dtype']}.")
            count = 1
            for extent in entry["shape"]:
                count *= extent
            width = torch.empty(0, dtype=dtype).element_size()
            if not 0 <= begin <= end <= size - 8 - length or end - begin != count * width:
                raise ValueError(f"{path}: tensor {name} has offsets {begin}..{end} that do not fit its shape or the file.")
            file.seek(8 + length + begin)
            data = torch.frombuffer(bytearray(file.read(end - begin)) or bytearray(1), dtype=torch.uint8)[:end - begin]
            tensors[name] = data.view(dtype).reshape(entry["shape"]) if count else torch.empty(entry["shape"], dtype=dtype)
    return tensors, metadata
