"""Direct preference optimisation (arXiv 2305.18290) on packed sequences.

loss = -log sigmoid(beta * ((log p(chosen) - log q(chosen)) - (log p(rejected) - log q(rejected)))), p the model that is
trained, q the one it started from; a log-probability is the sum over the output's tokens, thought and answer, given the
prompt. q does not change, so its log-probabilities are computed once. IRPO (arXiv 2404.19733), which TPO's authors tried
too, adds the cross entropy of the chosen output per token.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..common.decoder import Decoder


@dataclass(frozen=True)
class Pair:
    """Token ids: a prompt and two outputs, each with its end-of-sequence token where it ended."""

    prompt: list[int]
    chosen: list[int]
    rejected: list[int]


def log_probabilities(model: Decoder, pairs: list[Pair]) -> Tensor:
    """[2, pairs]: log p of the chosen and of the rejected outputs."""
    ids, lengths, at, owner = [], [], [], []
    outputs = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
    for i, output in enumerate(outputs):
        prompt = pairs[i % len(pairs)].prompt
        at += range(len(ids) + len(prompt) - 1, len(ids) + len(prompt) + len(output) - 1)
        owner += [i] * len(output)
        ids += prompt + output
        lengths.append(len(prompt) + len(output))
    tokens, where = torch.tensor(ids), torch.tensor(at)
    states = model.run_packed(model.embed(tokens), 0, model.config.layers, torch.tensor(lengths))
    logs = -F.cross_entropy(model.logits(states[where]).float(), tokens[where + 1], reduction="none")
    return torch.zeros(len(outputs)).index_add(0, torch.tensor(owner), logs).view(2, len(pairs))


def loss(model: Decoder, pairs: list[Pair], reference: Tensor, beta: float, nll: float = 0.0) -> dict[str, Tensor]:
    """{dpo, nll (weighted; IRPO)}, and without gradient the margin and the share of pairs ordered right by it."""
    logs = log_probabilities(model, pairs)
    ratios = logs - reference
    margin = beta * (ratios[0] - ratios[1])
    spoken = -(logs[0] / torch.tensor([len(pair.chosen) for pair in pairs])).mean()
    return {"dpo": -F.logsigmoid(margin).mean(), "nll": nll * spoken, "margin": margin.detach().mean(),
            "chosen": beta * ratios[0].detach().mean(), "ordered": (margin.detach() > 0).float().mean()}
