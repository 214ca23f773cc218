"""TaS (MeTHanol, arXiv 2409.12059): a thinking head after layer k of an ordinary decoder.

Training feeds question, thought and answer through all layers as one sequence. The thinking head, on the states after
layer k, is trained on the thought only; the language head, after the last layer, on the answer only.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..common.decoder import Decoder, DecoderConfig, RmsNorm


class TasDecoder(Decoder):
    """A decoder with `thinking_norm` and `thinking_head` on the states after `thinking_layer` layers (1..L)."""

    def __init__(self, config: DecoderConfig, thinking_layer: int):
        super().__init__(config)
        if not 1 <= thinking_layer <= config.layers:
            raise ValueError(f"The thinking layer must be 1..{config.layers}, not {thinking_layer}.")
        self.thinking_layer = thinking_layer
        self.thinking_norm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        self.thinking_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def start_thinking_as_speaking(self) -> None:
        """The thinking head and norm start as copies of the final ones (figure of the project page)."""
        with torch.no_grad():
            self.thinking_norm.weight.copy_(self.model.norm.weight)
            self.thinking_head.weight.copy_(self.lm_head.weight)

    def thought_logits(self, h: Tensor) -> Tensor:
        """[..., d] states after layer k -> [..., V]."""
        return self.thinking_head(self.thinking_norm(h))


@dataclass
class Sample:
    """Token ids of one training sequence; `thought` ends with the end-of-thought token, `answer` with end-of-sequence.

    `off` marks a sample without a thought: its end-of-thought token is given, not learned, so that the trained
    thinking head never chooses to skip thinking by itself.
    """

    question: list[int]
    thought: list[int]
    answer: list[int]
    off: bool = False


@dataclass
class Batch:
    """Sequences packed one after another, and the positions whose *next* token each head is trained on."""

    ids: Tensor       # [tokens]
    lengths: Tensor   # [sequences]
    think: Tensor     # positions for the thinking head
    speak: Tensor     # positions for the language head

    def to(self, device: str) -> "Batch":
        return Batch(*(part.to(device) for part in (self.ids, self.lengths, self.think, self.speak)))


def pack(samples: list[Sample]) -> Batch:
    """One batch; a position is trained where the token after it belongs to the thought, or to the answer."""
    ids, lengths, think, speak = [], [], [], []
    for sample in samples:
        base = len(ids)
        ids += sample.question + sample.thought + sample.answer
        answer_at = base + len(sample.question) + len(sample.thought)
        if not sample.off:
            think += range(base + len(sample.question) - 1, answer_at - 1)
        speak += range(answer_at - 1, len(ids) - 1)
        lengths.append(len(ids) - base)
    return Batch(*(torch.tensor(part, dtype=torch.int64) for part in (ids, lengths, think, speak)))


def losses(model: TasDecoder, batch: Batch, thought_weight: float = 1.0) -> dict[str, Tensor]:
    """Mean cross entropies {speak, think}; `think` is absent where no sample has a thought."""
    k, last = model.thinking_layer, model.config.layers
    middle = model.run_packed(model.embed(batch.ids), 0, k, batch.lengths)
    final = model.run_packed(middle, k, last, batch.lengths)
    out = {"speak": F.cross_entropy(model.logits(final[batch.speak]).float(), batch.ids[batch.speak + 1])}
    if len(batch.think):
        thought = F.cross_entropy(model.thought_logits(middle[batch.think]).float(), batch.ids[batch.think + 1])
        out["think"] = thought_weight * thought
    return out
