"""Bitune (arXiv 2405.14862): the prompt is read twice, causally and without a mask, and both sets of keys and values mix.

All prompt tokens but the last pass through the layers with adapter `causal`, and again with adapter `prefill` and no
causal mask. Per layer the keys and values of the two passes are mixed with learned shares. The last prompt token and the
answer run causally, with adapter `causal`, on the mixture. (PEFT and the published code call `causal` `default`.)
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..common.decoder import Decoder, KvCache
from ..common.lora import Adapter

VARIANTS = ("bitune", "causal", "unmixed", "lora")


class PassScale(nn.Module):
    """The share of the second pass in the mixture, one learned number per layer: alpha = |theta| / (s_init + |theta|).

    `weight` is theta, [L]; it starts at `s_init`, where alpha is one half. `pass_type` 607 and 800 are this formula (607
    computes (c * s + b * |theta|) / (s + |theta|), the same number), 801 takes relu instead of the absolute value.
    """

    def __init__(self, layers: int, s_init: float, pass_type: int):
        super().__init__()
        if pass_type not in (607, 800, 801):
            raise ValueError(f"pass_type {pass_type} is not supported: 607, 800 and 801 are.")
        self.s_init, self.pass_type = s_init, pass_type
        self.weight = nn.Parameter(torch.full((layers,), s_init))

    def alpha(self) -> Tensor:
        """[L], f32."""
        size = self.weight.relu() if self.pass_type == 801 else self.weight.abs()
        return size / (self.s_init + size)


@dataclass
class BituneSettings:
    """Keys of config.json, with the published defaults."""

    pass_type: int = 607
    s_init: float = 0.01
    skip_bidir: int = 0  # n > 0: only layers n.. see the whole prompt; n < 0: only layers ..|n|-1; 0: all

    def unmasked(self, layer: int) -> bool:
        if self.skip_bidir > 0:
            return layer >= self.skip_bidir
        return self.skip_bidir == 0 or layer < -self.skip_bidir


class Bitune(nn.Module):
    """A frozen base with the adapters and shares of one variant.

    `bitune`: the method. The controls: `causal` reads twice but keeps the causal mask in both passes (equal parameters
    and work); `unmixed` takes the second pass alone (alpha = 1); `lora` reads once, with one adapter.
    """

    def __init__(self, base: Decoder, rank: int, alpha: float, settings: BituneSettings, variant: str = "bitune"):
        super().__init__()
        if variant not in VARIANTS:
            raise ValueError(f"variant {variant!r} is none of {', '.join(VARIANTS)}.")
        self.variant, self.settings = variant, settings
        self.base = base.requires_grad_(False)
        self.causal = Adapter(base, rank, alpha)
        if variant == "lora":
            return
        self.prefill = Adapter(base, rank, alpha)
        if variant != "unmixed":
            layers = base.config.layers
            self.pass_scale_k = PassScale(layers, settings.s_init, settings.pass_type)
            self.pass_scale_v = PassScale(layers, settings.s_init, settings.pass_type)

    def initialise(self, generator: torch.Generator) -> None:
        self.causal.initialise(generator)
        if self.variant != "lora":
            self.prefill.initialise(generator)

    def unmasked(self, layer: int) -> bool:
        return self.variant != "causal" and self.settings.unmasked(layer)

    def shares(self) -> tuple[Tensor, Tensor]:
        """(alpha of the keys, alpha of the values), [L] each."""
        if self.variant == "unmixed":
            ones = torch.ones(self.base.config.layers)
            return ones, ones
        return self.pass_scale_k.alpha(), self.pass_scale_v.alpha()


@dataclass
class Batch:
    """Prompts and answers packed one after another."""

    ids: Tensor      # [tokens]
    lengths: Tensor  # [sequences]
    prompts: Tensor  # [sequences], length of the prompt; the answer follows
    said: Tensor     # positions whose next token belongs to an answer
    read: Tensor     # positions of all prompt tokens but the last: what is read twice


def pack(pairs: list[tuple[list[int], list[int]]]) -> Batch:
    """One batch of (prompt ids, answer ids with end of sequence); prompts have two tokens or more."""
    ids, lengths, prompts, said, read = [], [], [], [], []
    for prompt, answer in pairs:
        base = len(ids)
        ids += prompt + answer
        lengths.append(len(prompt) + len(answer))
        prompts.append(len(prompt))
        said += range(base + len(prompt) - 1, len(ids) - 1)
        read += range(base, base + len(prompt) - 1)
    return Batch(*(torch.tensor(part, dtype=torch.int64) for part in (ids, lengths, prompts, said, read)))


def answer_loss(model: Bitune, batch: Batch) -> Tensor:
    """Mean cross entropy of the answer tokens. Gradients reach both readings of the prompt."""
    decoder = model.base
    x = decoder.embed(batch.ids)
    if model.variant == "lora":
        states = decoder.run_packed(x, 0, decoder.config.layers, batch.lengths, model.causal.of)
    else:
        states = _read_twice(model, batch, x)
    return F.cross_entropy(decoder.logits(states[batch.said]).float(), batch.ids[batch.said + 1])


def _read_twice(model: Bitune, batch: Batch, x: Tensor) -> Tensor:
    """All three forwards at once, layer by layer. Mixing before the rotation is the same: it is linear."""
    decoder, queries = model.base, model.base.config.heads * model.base.config.head_dim
    values = decoder.config.kv_heads * decoder.config.head_dim
    read = batch.prompts - 1
    second, other = x[batch.read], x  # `other`: keys and values of the second reading at the present layer
    for layer, block in enumerate(decoder.model.layers):
        alpha = torch.cat([share[layer].expand(values) for share in model.shares()])

        def attend_second(qkv: Tensor) -> Tensor:
            nonlocal other
            other = qkv[:, queries:]
            return decoder.attend_packed(qkv, read, full=model.unmasked(layer))

        def attend_first(qkv: Tensor) -> Tensor:
            prompt = decoder.attend_packed(qkv, batch.lengths, last=read)
            mixed = qkv[batch.read, queries:].float() * (1 - alpha) + other.float() * alpha
            on_mixture = torch.cat(
                [qkv[:, :queries], qkv[:, queries:].index_copy(0, batch.read, mixed.to(qkv.dtype))], dim=1)
            return prompt + decoder.attend_packed(on_mixture, batch.lengths, first=read)

        second = block(second, attend_second, model.prefill.of(layer))
        x = block(x, attend_first, model.causal.of(layer))
    return x


class Reader:
    """A trained variant ready for inference in f32: the adapters merged into two copies of the base."""

    def __init__(self, model: Bitune):
        self.model = model
        self.causal = model.causal.merged(model.base)
        self.prefill = None if model.variant == "lora" else model.prefill.merged(model.base)

    @torch.no_grad()
    def read(self, ids: Tensor, missing: Tensor) -> KvCache:
        """The cache of prompts without their last token, ids [rows, P - 1], the first `missing` columns are padding."""
        columns = torch.arange(ids.shape[1])
        positions = (columns[None, :] - missing[:, None]).clamp(min=0)
        padding = (columns[None, None, :] < missing[:, None, None]).expand(-1, ids.shape[1], -1)
        masked = padding | (columns[None, None, :] > columns[None, :, None])
        layers = self.causal.config.layers
        cache = KvCache(layers)
        self.causal.run_layers(self.causal.embed(ids), 0, layers, cache, positions, masked)
        if self.prefill is None:
            return cache
        second, x = KvCache(layers), self.prefill.embed(ids)
        for layer in range(layers):
            hidden = padding if self.model.unmasked(layer) else masked
            x = self.prefill.run_layers(x, layer, layer + 1, second, positions, hidden)
        for layer, (k, v) in enumerate(zip(*self.model.shares())):
            cache.keys[layer] = cache.keys[layer] * (1 - k) + second.keys[layer] * k
            cache.values[layer] = cache.values[layer] * (1 - v) + second.values[layer] * v
        return cache
