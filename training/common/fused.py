"""Binds `fused.cpp`: the element-wise work of a block in one pass each, about 1.6x the training speed on a CPU.

Built with the machine's C++ compiler at first use, into `training/runs/`. Where that fails, or with the environment
variable `TRAINING_FUSED=0`, the plain PyTorch code in `decoder.py` runs instead: same results up to bf16 rounding.
"""

import ctypes
import functools
import hashlib
import os
import subprocess
from pathlib import Path

import torch

_SOURCE = Path(__file__).with_name("fused.cpp")
_FLAGS = ("-O3", "-march=native", "-mprefer-vector-width=512", "-ffast-math", "-std=c++17", "-shared", "-fPIC")


@functools.cache
def library() -> ctypes.CDLL | None:
    """The compiled functions, or None where they cannot be built."""
    if os.environ.get("TRAINING_FUSED") == "0":
        return None
    cpu = next((line for line in _read("/proc/cpuinfo").splitlines() if line.startswith("flags")), "")
    digest = hashlib.sha256(_SOURCE.read_bytes() + " ".join(_FLAGS).encode() + cpu.encode()).hexdigest()[:16]
    built = Path(__file__).parents[1] / "runs" / f"fused-{digest}.so"
    try:
        if not built.exists():
            built.parent.mkdir(exist_ok=True)
            part = built.with_suffix(f".{os.getpid()}.so")
            subprocess.run(["g++", *_FLAGS, str(_SOURCE), "-o", str(part)], check=True, capture_output=True)
            part.rename(built)
        return ctypes.CDLL(str(built))
    except (OSError, subprocess.SubprocessError) as problem:
        print(f"Fused kernels are not available ({problem}); training runs with plain PyTorch.", flush=True)
        return None


def usable(x: torch.Tensor) -> bool:
    """True in CPU training under bf16 autocast, the case the kernels are written for."""
    return x.device.type == "cpu" and torch.is_grad_enabled() and _autocast_on() and library() is not None


def _autocast_on() -> bool:
    try:
        return torch.is_autocast_enabled("cpu")
    except TypeError:  # PyTorch before 2.4
        return torch.is_autocast_cpu_enabled()


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _at(tensor: torch.Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr())


def _i(value: int) -> ctypes.c_int64:
    return ctypes.c_int64(value)


class RmsNorm(torch.autograd.Function):
    """x [n, d] f32, weight [d] f32 -> [n, d] bf16."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        x = x.contiguous()
        out = torch.empty(x.shape, dtype=torch.bfloat16)
        library().rms_norm(_at(x), _at(weight), _at(out), _i(x.shape[0]), _i(x.shape[1]), ctypes.c_float(eps))
        ctx.save_for_backward(x, weight)
        ctx.eps = eps
        return out

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        grad, dx, dw = grad.to(torch.bfloat16).contiguous(), torch.empty_like(x), torch.zeros_like(weight)
        library().rms_norm_back(
            _at(x), _at(weight), _at(grad), _at(dx), _at(dw), _i(x.shape[0]), _i(x.shape[1]), ctypes.c_float(ctx.eps))
        return dx, dw, None


class SwiGlu(torch.autograd.Function):
    """[n, 2f] bf16 (gate | up) -> [n, f] bf16."""

    @staticmethod
    def forward(ctx, gate_up):
        gate_up = gate_up.contiguous()
        rows, width = gate_up.shape[0], gate_up.shape[1] // 2
        out = torch.empty(rows, width, dtype=torch.bfloat16)
        library().swiglu(_at(gate_up), _at(out), _i(rows), _i(width))
        ctx.save_for_backward(gate_up)
        return out

    @staticmethod
    def backward(ctx, grad):
        gate_up, = ctx.saved_tensors
        grad, out = grad.to(torch.bfloat16).contiguous(), torch.empty_like(gate_up)
        library().swiglu_back(_at(gate_up), _at(grad), _at(out), _i(grad.shape[0]), _i(grad.shape[1]))
        return out


class Gelu(torch.autograd.Function):
    """GELU by the tanh approximation, bf16 -> bf16, any shape."""

    @staticmethod
    def forward(ctx, x):
        x = x.contiguous()
        out = torch.empty_like(x)
        library().gelu(_at(x), _at(out), _i(x.numel()))
        ctx.save_for_backward(x)
        return out

    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        grad, out = grad.to(torch.bfloat16).contiguous(), torch.empty_like(x)
        library().gelu_back(_at(x), _at(grad), _at(out), _i(x.numel()))
        return out


class Attention(torch.autograd.Function):
    """Packed attention: qkv [n, 3*heads*hd] bf16, lengths, first, last [sequences] int64 -> [n, heads*hd] bf16.

    Rows outside first <= t < last of their sequence get zeros; `full` takes away the causal mask.
    """

    @staticmethod
    def forward(ctx, qkv, lengths, first, last, full, cosine, sine, heads):
        qkv = qkv.contiguous()
        out = torch.zeros(qkv.shape[0], qkv.shape[1] // 3, dtype=torch.bfloat16)
        _attention(qkv, lengths, first, last, full, cosine, sine, heads, out, None, None)
        ctx.save_for_backward(qkv, lengths, first, last, cosine, sine)
        ctx.full, ctx.heads = full, heads
        return out

    @staticmethod
    def backward(ctx, grad):
        qkv, lengths, first, last, cosine, sine = ctx.saved_tensors
        out = torch.empty_like(qkv)
        _attention(qkv, lengths, first, last, ctx.full, cosine, sine, ctx.heads, None,
                   grad.to(torch.bfloat16).contiguous(), out)
        return out, None, None, None, None, None, None, None


def _attention(qkv, lengths, first, last, full, cosine, sine, heads, out, grad, dqkv):
    library().attention(
        _at(qkv), _at(lengths), _at(first), _at(last), _i(len(lengths)), _i(full), _at(cosine), _at(sine), _i(heads),
        _i(qkv.shape[1] // 3 // heads), *(None if tensor is None else _at(tensor) for tensor in (out, grad, dqkv)))
