"""ICoT-SI's training step (stepwise internalization, arXiv 2405.14838): explicit chain of thought, tokens cut from the left.

The network is an ordinary decoder. What is trained is everything after the first end token, the second one included, so
that the model itself says where its remaining chain ends.
"""

import math
import random
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..common.gpt2 import Gpt2
from .format import Sample


def smoothing_offset(rng: random.Random, strength: float) -> int:
    """Extra tokens to remove from one example: P(o) proportional to exp(-strength * o), o = 0, 1, 2 ..."""
    return 0 if math.isinf(strength) else int(math.log(1 - rng.random()) / -strength)


def shortened(sample: Sample, removed: int) -> Sample:
    """The sample without the first `removed` tokens of its chain; later tokens move left."""
    return Sample(sample.prompt, sample.chain[removed:], sample.answer)


@dataclass
class Batch:
    """Sequences packed one after another; `trained` are the positions whose next token is a target."""

    ids: Tensor       # [tokens]
    lengths: Tensor   # [sequences]
    trained: Tensor   # [targets]
    rows: Tensor      # [targets] sequence of each target
    has_chain: bool

    def to(self, device: str) -> "Batch":
        return Batch(*(part.to(device) for part in (self.ids, self.lengths, self.trained, self.rows)), self.has_chain)


def pack(samples: list[Sample], eos: int) -> Batch:
    """One batch of samples, each prompt, chain, end token, answer."""
    ids, lengths, trained, rows = [], [], [], []
    for row, sample in enumerate(samples):
        base = len(ids)
        ids += [*sample.prompt, *sample.chain, eos, *sample.answer]
        targets = range(base + len(sample.prompt) - 1, len(ids) - 1)
        trained += targets
        rows += [row] * len(targets)
        lengths.append(len(ids) - base)
    parts = (torch.tensor(part, dtype=torch.int64) for part in (ids, lengths, trained, rows))
    return Batch(*parts, any(sample.chain for sample in samples))


def loss_and_accuracy(model: Gpt2, batch: Batch) -> tuple[Tensor, float]:
    """Mean cross entropy of the targets, and the share of sequences whose every target is the likeliest token."""
    logits = model.logits(model.run_packed(batch.ids, batch.lengths)[batch.trained]).float()
    targets = batch.ids[batch.trained + 1]
    with torch.no_grad():
        wrong = torch.zeros(len(batch.lengths), device=targets.device)
        wrong.index_add_(0, batch.rows, (logits.argmax(-1) != targets).float())
    return F.cross_entropy(logits, targets), (wrong == 0).float().mean().item()
