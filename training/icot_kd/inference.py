"""Greedy answers of an emulator and a student, for one prompt length at a time."""

from collections import defaultdict
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..common.decoder import KvCache
from ..common.gpt2 import Gpt2
from .nets import Emulator, Student


@dataclass
class Answer:
    """What one prompt produced. `gap` is the smallest distance between the best two logits at any step."""

    ids: list[int] = field(default_factory=list)  # with the end token, if it came
    gap: float = float("inf")
    first_logits: Tensor | None = None


@torch.no_grad()
def generate(
    model: Gpt2, prompts: list[list[int]], eos: int, limit: int, emulator: Emulator | None = None, student: Student | None = None,
) -> list[Answer]:
    """Continues every prompt until an end token, or `limit` tokens. `model` is the student's, or by itself the control."""
    groups = defaultdict(list)
    for i, prompt in enumerate(prompts):
        groups[len(prompt)].append(i)
    out = [Answer() for _ in prompts]
    for length, members in groups.items():
        ids, cache = torch.tensor([prompts[i] for i in members]), KvCache(model.config.layers)
        replace = None
        if emulator and student:
            call, guesses = emulator.calls()
            emulator.base_model.run_cached(
                ids, KvCache(model.config.layers), 0, lambda i, x: _with_last(x, call(i, x[:, -1])))
            rows = student.rows(guesses)
            replace = lambda i, x: _with_last(x, rows[i])  # noqa: E731
        logits = model.logits(model.run_cached(ids, cache, 0, replace)[:, -1])
        running = {row: out[i] for row, i in enumerate(members)}
        for row, one in running.items():
            one.first_logits = logits[row]
        for count in range(limit):
            best = logits.topk(2)
            for row, one in [*running.items()]:
                one.gap = min(one.gap, (best.values[row, 0] - best.values[row, 1]).item())
                one.ids.append(int(best.indices[row, 0]))
                if one.ids[-1] == eos:
                    del running[row]
            if not running or count + 1 == limit:
                break
            logits = model.logits(model.run_cached(best.indices[:, :1], cache, length + count)[:, -1])
    return out


def _with_last(x: Tensor, row: Tensor) -> Tensor:
    """States [rows, T, d] with the last position replaced."""
    return torch.cat([x[:, :-1], row.unsqueeze(1).to(x.dtype)], 1)
