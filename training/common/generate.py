"""Greedy generation with a plain decoder: one prompt with the distances between its choices, or many at once."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from .decoder import Decoder, KvCache


@dataclass
class Generation:
    """What one prompt produced. `gap` is the smallest distance between the best two logits at any step."""

    answer: list[int] = field(default_factory=list)  # with end-of-sequence, if it came
    gap: float = float("inf")
    first_logits: Tensor | None = None

    def choose(self, logits: Tensor) -> int:
        best = logits.topk(2)
        self.gap = min(self.gap, (best.values[0] - best.values[1]).item())
        return int(best.indices[0])


@torch.no_grad()
def one(model: Decoder, prompt: list[int], eos: int, limit: int, cache: KvCache | None = None, start: int = 0) -> Generation:
    """Continues one prompt, after the `start` positions `cache` holds, until `eos` (included) or `limit` tokens."""
    cache, out, ids = cache or KvCache(model.config.layers), Generation(), prompt
    while True:
        positions = torch.arange(start, start + len(ids))
        hidden = torch.arange(start + len(ids))[None, :] > positions[:, None]
        states = model.run_layers(
            model.embed(torch.tensor([ids])), 0, model.config.layers, cache, positions[None], hidden[None])
        logits = model.logits(states[0, -1])
        if out.first_logits is None:
            out.first_logits = logits
        out.answer.append(out.choose(logits))
        if out.answer[-1] == eos or len(out.answer) == limit:
            return out
        start += len(ids)
        ids = out.answer[-1:]


@torch.no_grad()
def many(model: Decoder, prompts: list[list[int]], eos: int, limit: int, size: int = 64) -> list[list[int]]:
    """Continues many prompts until `eos` (not included), `size` at a time, similar lengths together."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    out: list[list[int]] = [[] for _ in prompts]
    for at in range(0, len(order), size):
        rows = order[at:at + size]
        for i, ids in zip(rows, _together(model, [prompts[i] for i in rows], eos, limit)):
            out[i] = ids
    return out


def _together(model: Decoder, prompts: list[list[int]], eos: int, limit: int) -> list[list[int]]:
    """One batch, padded on the left, which rotary positions allow."""
    width = max(map(len, prompts))
    missing = torch.tensor([width - len(prompt) for prompt in prompts])
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    return continue_rows(model, ids, missing, KvCache(model.config.layers), 0, eos, limit)


@torch.no_grad()
def continue_rows(
    model: Decoder, ids: Tensor, missing: Tensor, cache: KvCache, start: int, eos: int, limit: int,
) -> list[list[int]]:
    """Greedy continuation of rows whose first `start` columns are in the cache; `missing` [rows] columns are padding."""
    outputs: list[list[int]] = [[] for _ in range(len(ids))]
    running = set(range(len(ids)))
    while True:
        columns = torch.arange(start, start + ids.shape[1])
        keys = torch.arange(start + ids.shape[1])
        hidden = (keys[None, None, :] > columns[None, :, None]) | (keys[None, None, :] < missing[:, None, None])
        positions = (columns[None, :] - missing[:, None]).clamp(min=0)
        states = model.run_layers(model.embed(ids), 0, model.config.layers, cache, positions, hidden)[:, -1]
        chosen = model.logits(states).argmax(-1)
        for row in list(running):
            if chosen[row] == eos or len(outputs[row]) == limit:
                running.remove(row)
            else:
                outputs[row].append(int(chosen[row]))
        if not running:
            return outputs
        start += ids.shape[1]
        ids = chosen[:, None]
