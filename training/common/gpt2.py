"""A compact GPT-2 (LayerNorm, learned positions, GELU, biases), with the parameter names Hugging Face publishes.

Two ways to run the same layers: `run_packed` over whole sequences one after another (training) and `run_cached` over new
tokens (inference). Both take `replace`, which may change the states before any layer: what ICoT-KD does to one row.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import fused
from .decoder import KvCache

Replace = Callable[[int, Tensor], Tensor]  # (layer, states before it) -> states


@dataclass
class Gpt2Config:
    """The shape of a GPT-2; `from_hf` and `to_hf` translate to and from config.json."""

    vocab_size: int
    hidden_size: int = 128
    layers: int = 4
    heads: int = 4
    feed: int = 512
    context: int = 128
    eps: float = 1e-5
    activation: str = "gelu_new"
    extra: dict = field(default_factory=dict)  # keys of config.json that this code passes through

    @classmethod
    def from_hf(cls, config: dict) -> "Gpt2Config":
        """Reads the config.json of a GPT-2 checkpoint; refuses what it cannot run."""
        if config.get("model_type") != "gpt2":
            raise ValueError(f"model_type {config.get('model_type')!r} is not supported: this recipe trains the gpt2 layout.")
        if not config.get("scale_attn_weights", True) or config.get("scale_attn_by_inverse_layer_idx"):
            raise ValueError("Only attention scaled by 1/sqrt(head width) is supported.")
        activation = config.get("activation_function", "gelu_new")
        if activation not in ("gelu_new", "gelu", "gelu_pytorch_tanh"):
            raise ValueError(f"activation_function {activation!r} is not supported (only gelu_new, gelu_pytorch_tanh and gelu).")
        if config.get("tie_word_embeddings") is False:
            raise ValueError("Only heads tied to the embedding are supported.")
        width = config["n_embd"]
        return cls(
            vocab_size=config["vocab_size"], hidden_size=width, layers=config["n_layer"], heads=config["n_head"],
            feed=config.get("n_inner") or 4 * width, context=config.get("n_positions") or config["n_ctx"],
            eps=config.get("layer_norm_epsilon", 1e-5), activation=activation, extra=dict(config))

    def to_hf(self) -> dict:
        """The contents of config.json; keys of a base checkpoint are kept."""
        if self.extra:
            return {**self.extra, "vocab_size": self.vocab_size}
        return {
            "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": self.activation,
            "vocab_size": self.vocab_size, "n_embd": self.hidden_size, "n_inner": self.feed, "n_layer": self.layers,
            "n_head": self.heads, "n_positions": self.context, "n_ctx": self.context, "layer_norm_epsilon": self.eps,
            "scale_attn_weights": True, "tie_word_embeddings": True, "initializer_range": 0.02, "use_cache": True,
            "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}


class _Dense(nn.Module):
    """A linear layer stored as GPT-2 does, weight [inputs, outputs]."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight.t(), self.bias)


class _Attention(nn.Module):
    def __init__(self, c: Gpt2Config):
        super().__init__()
        self.c_attn = _Dense(c.hidden_size, 3 * c.hidden_size)
        self.c_proj = _Dense(c.hidden_size, c.hidden_size)


class _FeedForward(nn.Module):
    def __init__(self, c: Gpt2Config):
        super().__init__()
        self.c_fc = _Dense(c.hidden_size, c.feed)
        self.c_proj = _Dense(c.feed, c.hidden_size)
        self.approximate = "none" if c.activation == "gelu" else "tanh"

    def forward(self, x: Tensor) -> Tensor:
        wide = self.c_fc(x)
        if fused.usable(wide) and wide.dtype == torch.bfloat16 and self.approximate == "tanh":
            return self.c_proj(fused.Gelu.apply(wide))
        return self.c_proj(F.gelu(wide, approximate=self.approximate))


class _Block(nn.Module):
    def __init__(self, c: Gpt2Config):
        super().__init__()
        self.ln_1 = nn.LayerNorm(c.hidden_size, c.eps)
        self.attn = _Attention(c)
        self.ln_2 = nn.LayerNorm(c.hidden_size, c.eps)
        self.mlp = _FeedForward(c)

    def forward(self, x: Tensor, attend: Callable[[Tensor], Tensor]) -> Tensor:
        x = x + self.attn.c_proj(attend(self.attn.c_attn(self.ln_1(x))))
        return x + self.mlp(self.ln_2(x))


class _Stack(nn.Module):
    def __init__(self, c: Gpt2Config):
        super().__init__()
        self.wte = nn.Embedding(c.vocab_size, c.hidden_size)
        self.wpe = nn.Embedding(c.context, c.hidden_size)
        self.h = nn.ModuleList(_Block(c) for _ in range(c.layers))
        self.ln_f = nn.LayerNorm(c.hidden_size, c.eps)


class Gpt2(nn.Module):
    """Embeddings, blocks, final norm; the head is the embedding."""

    def __init__(self, config: Gpt2Config):
        super().__init__()
        self.config = config
        self.transformer = _Stack(config)

    def initialise(self, generator: torch.Generator) -> None:
        """A random start: matrices N(0, 1/width), into the residual stream less by sqrt(2 * layers), embeddings N(0, 0.05).

        GPT-2's 0.02 everywhere suits a width of 768; at 128 it cost hundreds of steps before anything was learned.
        """
        deep = (2 * self.config.layers) ** -0.5
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if parameter.dim() >= 2:
                    std = self.config.hidden_size ** -0.5 * (deep if name.endswith("c_proj.weight") else 1.0)
                    std = 0.05 if name.endswith(("wte.weight", "wpe.weight")) else std
                    parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)

    def embed(self, ids: Tensor, positions: Tensor) -> Tensor:
        return self.transformer.wte(ids) + self.transformer.wpe(positions)

    def logits(self, h: Tensor) -> Tensor:
        """Final norm and tied head on states after the last layer."""
        return F.linear(self.transformer.ln_f(h), self.transformer.wte.weight)

    def run_packed(self, ids: Tensor, lengths: Tensor, replace: Replace | None = None, seen: list[Tensor] | None = None) -> Tensor:
        """Whole sequences packed one after another: ids [sum(lengths)] -> states [sum(lengths), d].

        `seen`, where given, receives the states before each layer, after `replace`.
        """
        positions = torch.cat([torch.arange(n, device=ids.device) for n in lengths.tolist()])
        x = self.embed(ids, positions)
        attend = self._packed_attention(x, lengths, positions)
        for i, block in enumerate(self.transformer.h):
            if replace:
                x = replace(i, x)
            if seen is not None:
                seen.append(x)
            x = block(x, attend)
        return x

    def run_cached(self, ids: Tensor, cache: KvCache, start: int, replace: Replace | None = None) -> Tensor:
        """New tokens ids [rows, T] at positions start.., after those in the cache -> states [rows, T, d]."""
        positions = torch.arange(start, start + ids.shape[1], device=ids.device)
        x = self.embed(ids, positions)
        hidden = torch.arange(start + ids.shape[1], device=ids.device)[None, :] > positions[:, None]
        for i, block in enumerate(self.transformer.h):
            if replace:
                x = replace(i, x)

            def attend(qkv: Tensor, layer: int = i) -> Tensor:
                q, k, v = self._heads(qkv)
                return self._mix(q, *cache.append(layer, k, v), hidden)
            x = block(x, attend)
        return x

    def _packed_attention(self, x: Tensor, lengths: Tensor, positions: Tensor) -> Callable[[Tensor], Tensor]:
        width, head = int(lengths.max()), self.config.hidden_size // self.config.heads
        if fused.usable(x) and head in (32, 64):
            # The rotary kernel with angles of zero: plain causal attention.
            one, zero = torch.ones(width, head // 2), torch.zeros(width, head // 2)
            first = torch.zeros_like(lengths)
            return lambda qkv: fused.Attention.apply(qkv, lengths, first, lengths, False, one, zero, self.config.heads)
        rows = torch.repeat_interleave(torch.arange(len(lengths), device=x.device), lengths)
        hidden = torch.ones(width, width, dtype=torch.bool, device=x.device).triu(1)

        def attend(qkv: Tensor) -> Tensor:
            padded = qkv.new_zeros(len(lengths), width, qkv.shape[-1]).index_put((rows, positions), qkv)
            return self._mix(*self._heads(padded), hidden)[rows, positions]
        return attend

    def _heads(self, qkv: Tensor) -> tuple[Tensor, ...]:
        """[rows, T, 3d] -> q, k, v [rows, heads, T, hd]."""
        return tuple(part.unflatten(-1, (self.config.heads, -1)).transpose(1, 2) for part in qkv.chunk(3, dim=-1))

    @staticmethod
    def _mix(q: Tensor, k: Tensor, v: Tensor, hidden: Tensor) -> Tensor:
        """Scaled dot-product attention, [rows, heads, T, hd] -> [rows, T, d]."""
        scores = (q @ k.transpose(-1, -2)).float() / math.sqrt(q.shape[-1])
        weights = scores.masked_fill(hidden, -1e9).softmax(-1).to(v.dtype)
        return (weights @ v).transpose(1, 2).flatten(2)
