"""Quiet-STaR (arXiv 2403.09629): a decoder that thinks before every token, with the names of the published checkpoint.

A thought stands between two learned vectors. A small head weighs the state before the thought against the state after
it, and the mixture of the two names the next token.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..common.decoder import Decoder, DecoderConfig


@dataclass(frozen=True)
class Settings:
    """`n_ahead` and `n_ahead_talk` count as in the published code: the base iteration is one, so are start and end."""

    n_ahead: int = 12
    n_ahead_talk: int = 4
    embedding_scale: float = 2.0
    base_vocab: int = 0  # ids from here on are never thought nor said

    @property
    def thought_tokens(self) -> int:
        """S: sampled tokens of a thought."""
        return self.n_ahead - 3


class QuietStarDecoder(Decoder):
    """A decoder with `start_embedding`, `end_embedding` [2, d] (row 0 is used, times the scale) and `talk_head`."""

    def __init__(self, config: DecoderConfig, settings: Settings):
        super().__init__(config)
        if settings.n_ahead < 4 or settings.n_ahead_talk < 1:
            raise ValueError("n_ahead must be 4 or more (base, start, one token, end) and n_ahead_talk 1 or more.")
        d = config.hidden_size
        self.settings = settings
        self.start_embedding = nn.Parameter(torch.zeros(2, d))
        self.end_embedding = nn.Parameter(torch.zeros(2, d))
        self.talk_head = nn.ModuleList([nn.Sequential(
            nn.Linear(2 * d, d), nn.ReLU(), nn.Linear(d, d), nn.ReLU(), nn.Linear(d, 1, bias=False))])

    @torch.no_grad()
    def start_as(self, token: int, generator: torch.Generator) -> None:
        """The published start: both vectors are the embedding of `---`, the head's last layer is zero, so w = 0.

        Row 1 is the log standard deviation of a sampled embedding that the published code has but does not use.
        """
        scale, rows = self.settings.embedding_scale, self.model.embed_tokens.weight
        for vectors in (self.start_embedding, self.end_embedding):
            vectors[0] = rows[token] / scale
            vectors[1] = torch.log(rows.std(dim=0) * 1e-2 / scale)
        for layer in self.talk_head[0]:
            if isinstance(layer, nn.Linear):
                layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) * layer.in_features ** -0.5)
                if layer.bias is not None:
                    layer.bias.zero_()
        self.talk_head[0][4].weight.zero_()

    def start_vector(self) -> Tensor:
        return self.start_embedding[0] * self.settings.embedding_scale

    def end_vector(self) -> Tensor:
        return self.end_embedding[0] * self.settings.embedding_scale

    def mix(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Normed states before and after the thought [..., d] -> their mixture [..., d] and w [..., 1], unbounded."""
        weight = self.talk_head[0](torch.cat([before, after], dim=-1))
        return (1 - weight) * before + weight * after, weight

    def thought_logits(self, states: Tensor) -> Tensor:
        """Normed states [..., d] -> [..., V], ids that are not words masked."""
        logits = self.lm_head(states).float()
        return logits.index_fill(-1, torch.arange(self.settings.base_vocab, logits.shape[-1]), -1e10)
