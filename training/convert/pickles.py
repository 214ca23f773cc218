"""Reads tensors from PyTorch's pickled files without running anything the file asks for.

`torch.save` writes pickles, and a pickle may call any function. The unpickler here knows a handful of names, all of which
build tensors or dictionaries, and stands in its own functions for them; any other name ends the reading with an error.
Both published forms are read: zip archives (PyTorch 1.6 and later) and the older sequence of pickles.
"""

import collections
import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

_STORAGES = {
    "DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32, "ShortStorage": torch.int16,
    "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool}
_LEGACY_MAGIC = 0x1950a86a20f9469cfc6c
_LEGACY_VERSION = 1001
_MAX_PICKLE = 1 << 28


class UnsafePickle(ValueError):
    """The file is not one that only holds tensors."""


class _Storage:
    """The numbers of one or more tensors; filled after the pickle was read where they stand behind it."""

    def __init__(self, dtype: torch.dtype, count: int):
        self.dtype, self.count, self.values = dtype, count, torch.empty(0, dtype=dtype)

    def fill(self, data: bytes) -> None:
        self.values = torch.frombuffer(bytearray(data), dtype=self.dtype) if data else torch.empty(0, dtype=self.dtype)


class _View:
    """A tensor, once its storage is filled."""

    def __init__(self, storage: _Storage, offset: int, shape: tuple, stride: tuple):
        self.storage, self.offset, self.shape, self.stride = storage, offset, shape, stride

    def tensor(self) -> Tensor:
        parts = (self.offset, *self.shape, *self.stride)
        if len(self.shape) != len(self.stride) or not all(isinstance(n, int) and n >= 0 for n in parts):
            raise UnsafePickle("A tensor of the file has an impossible shape.")
        if 0 not in self.shape:
            last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.stride))
            if last >= len(self.storage.values):
                raise UnsafePickle("A tensor of the file reaches beyond its data.")
        return torch.as_strided(self.storage.values, self.shape, self.stride, self.offset).clone()


def _rebuild_tensor(storage: _Storage, offset: int, shape: tuple, stride: tuple, *_) -> _View:
    if not isinstance(storage, _Storage):
        raise UnsafePickle("A tensor of the file has no data.")
    return _View(storage, offset, tuple(shape), tuple(stride))


def _rebuild_parameter(view: _View, *_) -> _View:
    return view


class _Unpickler(pickle.Unpickler):
    """Knows how tensors are built, and nothing else."""

    _NAMES = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch._utils", "_rebuild_parameter"): _rebuild_parameter}

    def __init__(self, file: io.BufferedIOBase, storage: Callable[[tuple], _Storage]):
        super().__init__(file, encoding="utf-8")
        self._storage = storage

    def find_class(self, module: str, name: str):
        if (module, name) in self._NAMES:
            return self._NAMES[module, name]
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]  # a mere value: it is never called
        raise UnsafePickle(f"The file asks for {module}.{name}, which no file of weights needs. It was not run.")

    def persistent_load(self, saved):
        if not isinstance(saved, tuple) or len(saved) < 5 or saved[0] != "storage" or not isinstance(saved[1], torch.dtype):
            raise UnsafePickle("The file refers to something that is no tensor data.")
        return self._storage(saved)


def read(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a state dict. Raises UnsafePickle for a file that holds, or asks for, anything else."""
    path = Path(path)
    try:
        found = _read_zip(path) if zipfile.is_zipfile(path) else _read_legacy(path)
    except UnsafePickle as problem:
        raise UnsafePickle(f"{path}: {problem}") from None
    except (pickle.UnpicklingError, EOFError, KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError,
            zipfile.BadZipFile, RuntimeError, MemoryError) as problem:
        raise UnsafePickle(f"{path} is no PyTorch file of weights: {problem}") from None
    return found


def _read_zip(path: Path) -> dict[str, Tensor]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.split("/")[1:] == ["data.pkl"]]
        if len(names) != 1:
            raise UnsafePickle("The archive holds no data.pkl.")
        root = names[0].rpartition("/")[0]
        storages: dict[str, _Storage] = {}

        def storage(saved: tuple) -> _Storage:
            _, dtype, key, _, count = saved[:5]
            if key not in storages:
                entry = archive.getinfo(f"{root}/data/{key}")
                storages[key] = made = _Storage(dtype, count)
                if entry.file_size != count * _width(dtype):
                    raise UnsafePickle(f"Storage {key} does not hold the {count} numbers it should.")
                made.fill(archive.read(entry))
            if storages[key].dtype != dtype:
                raise UnsafePickle(f"Storage {key} is used with two types.")
            return storages[key]
        if archive.getinfo(names[0]).file_size > _MAX_PICKLE:
            raise UnsafePickle("The index of tensors is too large.")
        return _tensors(_Unpickler(io.BytesIO(archive.read(names[0])), storage).load())


def _read_legacy(path: Path) -> dict[str, Tensor]:
    storages: dict[str, _Storage] = {}

    def nothing(_: tuple) -> _Storage:
        raise UnsafePickle("Tensor data where none belongs.")

    def storage(saved: tuple) -> _Storage:
        _, dtype, key, _, count = saved[:5]
        if len(saved) > 5 and saved[5] is not None:
            raise UnsafePickle("Views of storages are not supported.")
        return storages.setdefault(key, _Storage(dtype, count))
    with path.open("rb") as file:
        magic, version, _ = (_Unpickler(file, nothing).load() for _ in range(3))
        if magic != _LEGACY_MAGIC or version != _LEGACY_VERSION:
            raise UnsafePickle("It does not begin as torch.save begins.")
        state = _Unpickler(file, storage).load()
        keys = _Unpickler(file, nothing).load()
        for key in keys:
            one = storages[key]
            count = int.from_bytes(file.read(8), "little", signed=True)
            size = count * _width(one.dtype)
            if count != one.count or count < 0 or size > path.stat().st_size:
                raise UnsafePickle(f"Storage {key} does not hold the {one.count} numbers it should.")
            data = file.read(size)
            if len(data) != size:
                raise UnsafePickle("The file ends too early.")
            one.fill(data)
        if set(keys) != set(storages):
            raise UnsafePickle("The file lacks data of some tensors.")
    return _tensors(state)


def _tensors(state) -> dict[str, Tensor]:
    """The tensors of a state dict, also of one below the key `state_dict` or `model`, as trainers save it."""
    if isinstance(state, dict) and not any(isinstance(value, _View) for value in state.values()):
        state = next((state[key] for key in ("state_dict", "model") if isinstance(state.get(key), dict)), state)
    if not isinstance(state, dict) or not any(isinstance(value, _View) for value in state.values()):
        raise UnsafePickle("The file holds no dictionary of tensors.")
    others = [str(name) for name, value in state.items() if not isinstance(name, str) or not isinstance(value, _View)]
    if others:
        raise UnsafePickle(f"The dictionary holds something that is no tensor: {', '.join(others[:3])}.")
    return {name: view.tensor() for name, view in state.items()}


def _width(dtype: torch.dtype) -> int:
    return torch.empty(0, dtype=dtype).element_size()
