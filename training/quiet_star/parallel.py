"""Thoughts at every position of a text at once, as in the published training.

Row (p, j) is the j-th token fed after real token p: the start vector, the thought, the end vector, then the real tokens
p+1, p+2 ... of the talk phase. It sees the real tokens up to p and the rows (p, 0..j) of its own thought, no others (the
published diagonal mask), and stands at rotary position p + 1 + j. Thoughts are drawn first, without gradient (the
published code detaches the drawn tokens), then all rows run in one pass.
"""

import math

import torch
from torch import Tensor

from .model import QuietStarDecoder


@torch.no_grad()
def draw_thoughts(model: QuietStarDecoder, ids: Tensor, generator: torch.Generator | None, greedy: bool = False) -> Tensor:
    """ids [B, T] -> thought tokens [B, T, S], drawn at temperature 1; texts are padded on the right."""
    count, (batch, width) = model.settings.thought_tokens, ids.shape
    real = _RealTokens(model, ids)
    own = _OwnRows(model, batch, width, count)
    x = model.start_vector().expand(batch * width, -1)
    drawn = []
    for j in range(count):
        states = x
        for layer, block in enumerate(model.model.layers):
            states = block(states, lambda qkv, layer=layer, j=j: own.step(layer, j, qkv, real))
        logits = model.thought_logits(model.model.norm(states))
        if not greedy:
            noise = torch.rand(logits.shape, generator=generator).clamp_(min=1e-20)
            logits = logits - torch.log(-torch.log(noise))
        drawn.append(logits.argmax(-1))
        x = model.embed(drawn[-1])
    return torch.stack(drawn, dim=-1).view(batch, width, count)


def run(model: QuietStarDecoder, ids: Tensor, thoughts: Tensor, talk: int) -> tuple[Tensor, Tensor]:
    """Normed states of the real tokens [B, T, d] and of all rows (p, j) [B, T, J, d], J = S + 2 + talk - 1."""
    (batch, width), c = ids.shape, model.config
    follow = [torch.cat([ids[:, i:], ids.new_zeros(batch, i)], dim=1) for i in range(1, talk)]
    rows = torch.cat([
        model.start_vector().expand(batch, width, 1, -1), model.embed(thoughts),
        model.end_vector().expand(batch, width, 1, -1),
        *(model.embed(tokens)[:, :, None] for tokens in follow)], dim=2)
    count = rows.shape[2]
    x = torch.cat([model.embed(ids)[:, :, None], rows], dim=2).view(batch * width * (1 + count), -1)
    places = torch.arange(width)[:, None] + torch.arange(1 + count)[None, :]
    cosine, sine = (table[places.flatten()] for table in model._rotary(width + count + 1))
    later = torch.ones(width, width, dtype=torch.bool).triu(1)
    later_rows = later[:, None, :].expand(width, count, width).reshape(width * count, width)
    later_own = torch.ones(count, count, dtype=torch.bool).triu(1)

    def attend(qkv: Tensor) -> Tensor:
        q, k, v = (part.unflatten(2, (width, 1 + count)) for part in _wide(model, model._heads(
            qkv.view(batch, width * (1 + count), -1), cosine, sine)))
        base = _attention(q[:, :, :, 0], k[:, :, :, 0], v[:, :, :, 0], later, c.head_dim)
        mine = q[:, :, :, 1:].flatten(2, 3)
        scores = (mine @ k[:, :, :, 0].transpose(-1, -2)).float().masked_fill(later_rows, -1e9)
        own = (q[:, :, :, 1:] @ k[:, :, :, 1:].transpose(-1, -2)).float().masked_fill(later_own, -1e9)
        weights = (torch.cat([scores.unflatten(2, (width, count)), own], dim=-1) / math.sqrt(c.head_dim)).softmax(-1).to(v.dtype)
        seen = (weights[..., :width].flatten(2, 3) @ v[:, :, :, 0]).unflatten(2, (width, count))
        seen = seen + weights[..., width:] @ v[:, :, :, 1:]
        out = torch.cat([base[:, :, :, None], seen], dim=3)  # [B, heads, T, 1 + J, hd]
        return out.permute(0, 2, 3, 1, 4).reshape(batch * width * (1 + count), -1)
    for block in model.model.layers:
        x = block(x, attend)
    states = model.model.norm(x).view(batch, width, 1 + count, -1)
    return states[:, :, 0], states[:, :, 1:]


class _RealTokens:
    """Keys and values of the real tokens in every layer, [B, heads, T, hd]."""

    def __init__(self, model: QuietStarDecoder, ids: Tensor):
        batch, width = ids.shape
        self.later = torch.ones(width, width, dtype=torch.bool).triu(1)
        self.keys, self.values = [], []
        tables = [table[:width] for table in model._rotary(width)]

        def attend(qkv: Tensor) -> Tensor:
            q, k, v = _wide(model, model._heads(qkv.view(batch, width, -1), *tables))
            self.keys.append(k)
            self.values.append(v)
            return _attention(q, k, v, self.later, model.config.head_dim).transpose(1, 2).reshape(batch * width, -1)
        x = model.embed(ids).view(batch * width, -1)
        for block in model.model.layers:
            x = block(x, attend)


class _OwnRows:
    """Keys and values of the thoughts under way, [B, heads, T, S, hd] per layer, written one row per thought at a time."""

    def __init__(self, model: QuietStarDecoder, batch: int, width: int, count: int):
        c = model.config
        self.model, self.batch, self.width = model, batch, width
        self.tables = model._rotary(width + count + 1)
        shape = (batch, c.heads, width, count, c.head_dim)
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self.shape = shape

    def step(self, layer: int, j: int, qkv: Tensor, real: _RealTokens) -> Tensor:
        """Attention of row j of every thought."""
        first, last = j + 1, j + 1 + self.width
        q, k, v = _wide(self.model, self.model._heads(
            qkv.view(self.batch, self.width, -1), *(table[first:last] for table in self.tables)))
        if j == 0:
            self.keys.append(k.new_zeros(self.shape))
            self.values.append(v.new_zeros(self.shape))
        self.keys[layer][:, :, :, j], self.values[layer][:, :, :, j] = k, v
        keys, values = self.keys[layer][:, :, :, :j + 1], self.values[layer][:, :, :, :j + 1]
        scores = (q @ real.keys[layer].transpose(-1, -2)).float().masked_fill(real.later, -1e9)
        own = (q[:, :, :, None] * keys).sum(-1).float()
        weights = (torch.cat([scores, own], dim=-1) / math.sqrt(self.model.config.head_dim)).softmax(-1).to(v.dtype)
        seen = weights[..., :self.width] @ real.values[layer] + (weights[..., self.width:, None] * values).sum(3)
        return seen.transpose(1, 2).reshape(self.batch * self.width, -1)


def _wide(model: QuietStarDecoder, parts: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Keys and values repeated for the query heads that share them."""
    q, k, v = parts
    repeat = model.config.heads // model.config.kv_heads
    return (q, k, v) if repeat == 1 else (q, k.repeat_interleave(repeat, dim=1), v.repeat_interleave(repeat, dim=1))


def _attention(q: Tensor, k: Tensor, v: Tensor, hidden: Tensor, head_dim: int) -> Tensor:
    scores = (q @ k.transpose(-1, -2)).float() / math.sqrt(head_dim)
    return scores.masked_fill(hidden, -1e9).softmax(-1).to(v.dtype) @ v
