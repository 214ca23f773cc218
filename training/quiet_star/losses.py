"""The published losses: half language modelling without thoughts, half with them, and REINFORCE for the thoughts.

The reward of a thought is how much better the next `n_ahead_talk` tokens are predicted with it than without it, less the
mean over the thoughts drawn at the same place, and never below 0.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .model import QuietStarDecoder
from .parallel import draw_thoughts, run

REINFORCE_TEMPERATURE = 3.0  # of the log-probabilities in the policy loss, as published


@dataclass
class Batch:
    """Texts padded on the right: ids [B, T], and how long each is."""

    ids: Tensor
    lengths: Tensor

    def valid(self, ahead: int) -> Tensor:
        """[B, T]: True where the token `ahead` places on is still one of the text."""
        return torch.arange(self.ids.shape[1])[None, :] + ahead < self.lengths[:, None]


def pad(texts: list[list[int]]) -> Batch:
    width = max(map(len, texts))
    return Batch(torch.tensor([text + [0] * (width - len(text)) for text in texts]), torch.tensor([*map(len, texts)]))


def future_losses(model: QuietStarDecoder, batch: Batch, thoughts: Tensor, talk: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Cross entropies of real tokens, [B, T] each where valid (0 elsewhere): without thoughts at p, for p + 1; and
    [talk, B, T]: with the thought drawn at p, for p + 1 ... p + talk. Also the normed states of the rows of the
    thoughts, for the policy, and the weights w of the first talk step [B, T]."""
    before, rows = run(model, batch.ids, thoughts, talk)
    plain = _cross_entropy(model.lm_head(before), batch, 1)
    end = model.settings.thought_tokens + 1
    mixed, first_weight = [], None
    for i in range(talk):
        # Talk step i of the thought at p has read the real tokens up to p + i, and so has the base state at p + i.
        shifted = torch.cat([before[:, i:], before[:, :i]], dim=1)
        states, weight = model.mix(shifted, rows[:, :, end + i])
        first_weight = weight[..., 0] if first_weight is None else first_weight
        mixed.append(_cross_entropy(model.lm_head(states), batch, i + 1))
    return plain, torch.stack(mixed), rows[:, :, :model.settings.thought_tokens], first_weight


def losses(
    model: QuietStarDecoder, batch: Batch, passes: int, policy_weight: float, generator: torch.Generator,
) -> dict[str, Tensor]:
    """{plain, mixed, policy}, and without gradient the mean reward and the mean weight of a thought."""
    talk = model.settings.n_ahead_talk
    batch = Batch(batch.ids.repeat_interleave(passes, 0), batch.lengths.repeat_interleave(passes, 0))
    thoughts = draw_thoughts(model, batch.ids, generator)
    plain, mixed, policy_states, weight = future_losses(model, batch, thoughts, talk)
    base_loss = plain.sum() / batch.valid(1).sum()
    talk_loss = torch.stack([mixed[i].sum() / batch.valid(i + 1).sum() for i in range(talk)]).mean()

    with torch.no_grad():
        known = batch.valid(talk)  # where the whole future is there
        shifted = torch.stack([torch.cat([plain[:, i:], plain[:, :i]], dim=1) for i in range(talk)])
        reward = (shifted - mixed).sum(0) * known
        better = reward.view(-1, passes, reward.shape[1])
        better = (better - better.mean(1, keepdim=True)).view_as(reward) if passes > 1 else reward
        better = better.clamp(min=0)
    # Only thoughts that are rewarded have a gradient: the others need no logits.
    chosen = (better > 0).nonzero(as_tuple=True)
    logs = (model.thought_logits(policy_states[chosen]) / REINFORCE_TEMPERATURE).log_softmax(-1)
    taken = logs.gather(-1, thoughts[chosen][..., None])[..., 0].mean(-1)
    policy = -(better[chosen] * taken).sum() / known.sum()
    return {
        "plain": 0.5 * base_loss, "mixed": 0.5 * talk_loss, "policy": policy_weight * policy,
        "reward": reward.sum() / known.sum(), "weight": weight.detach()[batch.valid(1)].mean()}


def _cross_entropy(logits: Tensor, batch: Batch, ahead: int) -> Tensor:
    """[B, T]: loss of the token `ahead` places on; 0 beyond the end."""
    targets = torch.cat([batch.ids[:, ahead:], batch.ids.new_zeros(len(batch.ids), ahead)], dim=1)
    lost = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)
    return lost * batch.valid(ahead)


def plain_losses(model: QuietStarDecoder, batch: Batch) -> Tensor:
    """[B, T]: cross entropy of the next token without thoughts, and without their cost; 0 beyond the end."""
    known = batch.valid(0)
    states = model.run_packed(model.embed(batch.ids[known]), 0, model.config.layers, batch.lengths)
    logits = model.logits(states).float()
    return _cross_entropy(logits.new_zeros(*known.shape, logits.shape[-1]).index_put((known,), logits), batch, 1)


def plain_loss(model: QuietStarDecoder, batch: Batch) -> Tensor:
    """Mean cross entropy without thoughts, for the control."""
    return plain_losses(model, batch).sum() / batch.valid(1).sum()
