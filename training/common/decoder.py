"""A compact Llama-layout decoder (RMSNorm, rotary positions in the rotate_half convention, SwiGLU, grouped KV heads).

Parameter names are those Hugging Face publishes, so a state dict is a checkpoint. The one primitive is "run layers
lo..hi over these states", which is what models that think need: a hidden state may leave the stack at any layer.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import fused

# How a block gets the weight of one of its linear modules, [out, in]: (`self_attn.q_proj`, the module) -> the weight.
Weights = Callable[[str, nn.Linear], Tensor]


def own_weights(path: str, module: nn.Linear) -> Tensor:
    """The weight as it is stored; adapters return a changed one."""
    return module.weight


@dataclass
class DecoderConfig:
    """The shape of a decoder; `from_hf` and `to_hf` translate to and from config.json."""

    vocab_size: int
    hidden_size: int = 128
    intermediate_size: int = 352
    layers: int = 6
    heads: int = 4
    kv_heads: int = 4
    head_dim: int = 32
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5
    context: int = 512
    attention_bias: bool = False
    tied: bool = False
    rope_scaling: dict | None = None
    extra: dict = field(default_factory=dict)  # keys of config.json that this code passes through

    @classmethod
    def from_hf(cls, config: dict) -> "DecoderConfig":
        """Reads the config.json of a Llama, Mistral, SmolLM or Qwen2 checkpoint; refuses what it cannot run."""
        kind = config.get("model_type")
        if kind not in ("llama", "mistral", "qwen2"):
            raise ValueError(f"model_type {kind!r} is not supported: the recipes train llama, mistral and qwen2 layouts.")
        if config.get("hidden_act", "silu") != "silu" or config.get("mlp_bias"):
            raise ValueError("Only SwiGLU feed-forward blocks without biases are supported.")
        rope = config.get("rope_parameters") or {}
        scaling = config.get("rope_scaling") or (rope if rope.get("rope_type", "default") != "default" else None)
        if scaling and scaling.get("rope_type", scaling.get("type")) not in ("llama3", "linear", "default"):
            raise ValueError(f"rope_scaling {scaling} is not supported (only llama3, linear and default).")
        heads = config["num_attention_heads"]
        return cls(
            vocab_size=config["vocab_size"], hidden_size=config["hidden_size"],
            intermediate_size=config["intermediate_size"], layers=config["num_hidden_layers"], heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            head_dim=config.get("head_dim") or config["hidden_size"] // heads,
            rope_theta=rope.get("rope_theta", config.get("rope_theta", 10000.0)),
            rms_norm_eps=config.get("rms_norm_eps", 1e-6), context=config.get("max_position_embeddings", 2048),
            attention_bias=kind == "qwen2" or config.get("attention_bias", False),
            tied=config.get("tie_word_embeddings", False), rope_scaling=scaling, extra=dict(config))

    def to_hf(self) -> dict:
        """The contents of config.json; keys of a base checkpoint are kept."""
        if self.extra:
            return {**self.extra, "vocab_size": self.vocab_size, "tie_word_embeddings": self.tied}
        return {
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "vocab_size": self.vocab_size, "hidden_size": self.hidden_size, "intermediate_size": self.intermediate_size,
            "num_hidden_layers": self.layers, "num_attention_heads": self.heads, "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_dim, "rope_theta": self.rope_theta, "rope_scaling": self.rope_scaling,
            "rms_norm_eps": self.rms_norm_eps, "max_position_embeddings": self.context,
            "attention_bias": self.attention_bias, "mlp_bias": False, "tie_word_embeddings": self.tied,
            "initializer_range": 0.02, "use_cache": True}


class RmsNorm(nn.Module):
    """x * rsqrt(mean(x^2) + eps) * weight, in f32."""

    def __init__(self, width: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        if fused.usable(x) and x.dim() == 2 and x.dtype == torch.float32:
            return fused.RmsNorm.apply(x, self.weight, self.eps)
        wide = x.float()
        return wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class _Attention(nn.Module):
    def __init__(self, c: DecoderConfig):
        super().__init__()
        self.q_proj = nn.Linear(c.hidden_size, c.heads * c.head_dim, bias=c.attention_bias)
        self.k_proj = nn.Linear(c.hidden_size, c.kv_heads * c.head_dim, bias=c.attention_bias)
        self.v_proj = nn.Linear(c.hidden_size, c.kv_heads * c.head_dim, bias=c.attention_bias)
        self.o_proj = nn.Linear(c.heads * c.head_dim, c.hidden_size, bias=False)

    def project(self, x: Tensor, weights: Weights) -> Tensor:
        """[..., d] -> [..., (heads + 2 * kv_heads) * head_dim], the three projections as one product."""
        parts = {"self_attn.q_proj": self.q_proj, "self_attn.k_proj": self.k_proj, "self_attn.v_proj": self.v_proj}
        bias = None if self.q_proj.bias is None else torch.cat([part.bias for part in parts.values()])
        return F.linear(x, torch.cat([weights(path, part) for path, part in parts.items()]), bias)


class _FeedForward(nn.Module):
    def __init__(self, c: DecoderConfig):
        super().__init__()
        self.gate_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.up_proj = nn.Linear(c.hidden_size, c.intermediate_size, bias=False)
        self.down_proj = nn.Linear(c.intermediate_size, c.hidden_size, bias=False)

    def forward(self, x: Tensor, weights: Weights) -> Tensor:
        gate_up = F.linear(
            x, torch.cat([weights("mlp.gate_proj", self.gate_proj), weights("mlp.up_proj", self.up_proj)]))
        if fused.usable(x) and gate_up.dim() == 2:
            inner = fused.SwiGlu.apply(gate_up)
        else:
            gate, up = gate_up.chunk(2, dim=-1)
            inner = F.silu(gate) * up
        return F.linear(inner, weights("mlp.down_proj", self.down_proj))


class _Block(nn.Module):
    def __init__(self, c: DecoderConfig):
        super().__init__()
        self.self_attn = _Attention(c)
        self.mlp = _FeedForward(c)
        self.input_layernorm = RmsNorm(c.hidden_size, c.rms_norm_eps)
        self.post_attention_layernorm = RmsNorm(c.hidden_size, c.rms_norm_eps)

    def forward(self, x: Tensor, attend: Callable[[Tensor], Tensor], weights: Weights = own_weights) -> Tensor:
        mixed = attend(self.self_attn.project(self.input_layernorm(x), weights))
        x = x + F.linear(mixed, weights("self_attn.o_proj", self.self_attn.o_proj))
        return x + self.mlp(self.post_attention_layernorm(x), weights)


class _Stack(nn.Module):
    def __init__(self, c: DecoderConfig):
        super().__init__()
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.ModuleList(_Block(c) for _ in range(c.layers))
        self.norm = RmsNorm(c.hidden_size, c.rms_norm_eps)


class KvCache:
    """Keys and values per layer, [rows, kv_heads, length, head_dim]; every layer has its own length."""

    def __init__(self, layers: int):
        self.keys: list[Tensor | None] = [None] * layers
        self.values: list[Tensor | None] = [None] * layers

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        if self.keys[layer] is not None:
            k, v = torch.cat([self.keys[layer], k], dim=2), torch.cat([self.values[layer], v], dim=2)
        self.keys[layer], self.values[layer] = k, v
        return k, v


class Decoder(nn.Module):
    """Embedding, blocks, final norm and language head."""

    def __init__(self, config: DecoderConfig):
        super().__init__()
        self.config = config
        self.model = _Stack(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        if config.tied:
            self.lm_head.weight = self.model.embed_tokens.weight
        self._tables: tuple[Tensor, Tensor] | None = None

    def initialise(self, generator: torch.Generator) -> None:
        """Random start: N(0, 0.02), projections into the residual stream scaled down by sqrt(2 * layers)."""
        for name, parameter in self.named_parameters():
            if parameter.dim() >= 2:
                deep = name.endswith(("o_proj.weight", "down_proj.weight"))
                std = 0.02 / math.sqrt(2 * self.config.layers) if deep else 0.02
                with torch.no_grad():
                    parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)

    def embed(self, ids: Tensor) -> Tensor:
        return self.model.embed_tokens(ids)

    def logits(self, h: Tensor) -> Tensor:
        """Final norm and language head on states after the last layer."""
        return self.lm_head(self.model.norm(h))

    def run_packed(
        self, x: Tensor, lo: int, hi: int, lengths: Tensor, weights: Callable[[int], Weights] = lambda layer: own_weights,
    ) -> Tensor:
        """Layers lo..hi-1 over whole sequences packed one after another: x [sum(lengths), d], causal within each.

        `weights(layer)` gives the weights of a layer's linear modules.
        """
        for layer in range(lo, hi):
            x = self.model.layers[layer](x, lambda qkv: self.attend_packed(qkv, lengths), weights(layer))
        return x

    def attend_packed(
        self, qkv: Tensor, lengths: Tensor, first: Tensor | None = None, last: Tensor | None = None, full: bool = False,
    ) -> Tensor:
        """Attention within sequences packed one after another: qkv [sum(lengths), ...] -> [sum(lengths), heads * hd].

        Only rows `first` <= t < `last` of a sequence ask (default: all); the others get zeros. `full`: no causal mask.
        """
        c = self.config
        cosine, sine = self._rotary(int(lengths.max()))
        first = torch.zeros_like(lengths) if first is None else first
        last = lengths if last is None else last
        if fused.usable(qkv) and c.kv_heads == c.heads and c.head_dim in (32, 64) and not c.attention_bias:
            return fused.Attention.apply(qkv, lengths, first, last, full, cosine, sine, c.heads)
        rows = torch.repeat_interleave(torch.arange(len(lengths), device=qkv.device), lengths)
        columns = torch.cat([torch.arange(n, device=qkv.device) for n in lengths.tolist()])
        width = int(lengths.max())
        at = torch.arange(width, device=qkv.device)
        hidden = (at >= lengths[:, None])[:, None, None, :]
        if not full:
            hidden = hidden | (at[None, :] > at[:, None])
        padded = qkv.new_zeros(len(lengths), width, qkv.shape[-1]).index_put((rows, columns), qkv)
        out = self._mix(*self._heads(padded, cosine[:width], sine[:width]), hidden)[rows, columns]
        asking = (columns >= first[rows]) & (columns < last[rows])
        return out * asking[:, None].to(out.dtype)

    def run_layers(self, x: Tensor, lo: int, hi: int, cache: KvCache, positions: Tensor, hidden: Tensor) -> Tensor:
        """Layers lo..hi-1 over new states x [rows, T, d], appended to the cache.

        `positions` [rows, T] are rotary positions; `hidden` [rows, T, cached + T] is True where a key must not be seen.
        """
        cosine, sine = self._rotary(int(positions.max()) + 1)
        cosine, sine = cosine[positions], sine[positions]
        for i in range(lo, hi):
            def attend(qkv: Tensor, layer: int = i) -> Tensor:
                q, k, v = self._heads(qkv, cosine, sine)
                k, v = cache.append(layer, k, v)
                return self._mix(q, k, v, hidden.unsqueeze(1))
            x = self.model.layers[i](x, attend)
        return x

    def _heads(self, qkv: Tensor, cosine: Tensor, sine: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[rows, T, width] -> rotated q [rows, heads, T, hd], rotated k and v [rows, kv_heads, T, hd]."""
        c = self.config
        q, k, v = qkv.split([c.heads * c.head_dim, c.kv_heads * c.head_dim, c.kv_heads * c.head_dim], dim=-1)
        q, k, v = (part.unflatten(-1, (-1, c.head_dim)).transpose(1, 2) for part in (q, k, v))
        cosine, sine = (t if t.dim() == 2 else t.unsqueeze(1) for t in (cosine, sine))

        def rotate(t: Tensor) -> Tensor:
            first, second = t.float().chunk(2, dim=-1)
            return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1).to(t.dtype)
        return rotate(q), rotate(k), v

    def _mix(self, q: Tensor, k: Tensor, v: Tensor, hidden: Tensor) -> Tensor:
        """Scaled dot-product attention, [rows, heads, T, hd] -> [rows, T, heads * hd]."""
        if k.shape[1] != q.shape[1]:
            repeat = q.shape[1] // k.shape[1]
            k, v = k.repeat_interleave(repeat, dim=1), v.repeat_interleave(repeat, dim=1)
        scores = (q @ k.transpose(-1, -2)).float() / math.sqrt(self.config.head_dim)
        weights = scores.masked_fill(hidden, -1e9).softmax(-1).to(v.dtype)
        return (weights @ v).transpose(1, 2).flatten(2)

    def _rotary(self, length: int) -> tuple[Tensor, Tensor]:
        """Cosine and sine tables, [length or more, head_dim / 2], f32."""
        if self._tables is None or self._tables[0].shape[0] < length:
            frequencies = rotary_frequencies(self.config)
            angles = torch.outer(torch.arange(max(length, 256), dtype=torch.float64), frequencies)
            device = self.model.embed_tokens.weight.device
            self._tables = (angles.cos().float().to(device).contiguous(), angles.sin().float().to(device).contiguous())
        return self._tables


def rotary_frequencies(c: DecoderConfig) -> Tensor:
    """[head_dim / 2] angles per position, with Llama 3.1's or linear scaling where the config says so."""
    frequencies = 1.0 / c.rope_theta ** (torch.arange(0, c.head_dim, 2, dtype=torch.float64) / c.head_dim)
    scaling = c.rope_scaling or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind == "linear":
        return frequencies / scaling["factor"]
    if kind == "llama3":
        turns = scaling["original_max_position_embeddings"] * frequencies / (2 * math.pi)
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        keep = ((turns - low) / (high - low)).clamp(0, 1)
        return frequencies * (keep + (1 - keep) / scaling["factor"])
    return frequencies
