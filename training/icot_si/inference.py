"""Greedy generation with the two-EOS rule: what comes before the second end token is chain, what follows is answer."""

from collections import defaultdict
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..common.decoder import KvCache
from ..common.gpt2 import Gpt2


@dataclass
class Generation:
    """What one prompt produced. `gap` is the smallest distance between the best two logits at any step."""

    thought: list[int] = field(default_factory=list)  # the remaining chain, without its end token
    answer: list[int] = field(default_factory=list)   # with the end token, if it came
    closed: bool = False                              # the chain's end token came
    gap: float = float("inf")
    first_thought_logits: Tensor | None = None        # after the prompt
    first_answer_logits: Tensor | None = None         # after the chain's end token
    rows: int = 0                                     # tokens that went through the network after the prompt


@torch.no_grad()
def generate(model: Gpt2, prompts: list[list[int]], eos: int, limit: int) -> list[Generation]:
    """Continues every prompt until two end tokens, or `limit` tokens. Prompts of one length run together."""
    groups = defaultdict(list)
    for i, prompt in enumerate(prompts):
        groups[len(prompt)].append(i)
    out = [Generation() for _ in prompts]
    for length, members in groups.items():
        running, cache = [out[i] for i in members], KvCache(model.config.layers)
        logits = model.logits(model.run_cached(torch.tensor([prompts[i] for i in members]), cache, 0)[:, -1])
        for row, one in enumerate(running):
            one.first_thought_logits = logits[row]
        for count in range(limit):
            best = logits.topk(2)
            chosen, gaps = best.indices[:, 0].tolist(), (best.values[:, 0] - best.values[:, 1]).tolist()
            live = [row for row in range(len(running)) if not _accept(running[row], chosen[row], gaps[row], eos)]
            if not live or count + 1 == limit:
                break
            if len(live) < len(running):
                running = [running[row] for row in live]
                kept = torch.tensor(live)
                for layer in range(model.config.layers):
                    cache.keys[layer], cache.values[layer] = cache.keys[layer][kept], cache.values[layer][kept]
            tokens = torch.tensor([[chosen[row]] for row in live])
            logits = model.logits(model.run_cached(tokens, cache, length + count)[:, -1])
            for row, one in enumerate(running):
                one.rows += 1
                if one.closed and one.first_answer_logits is None:
                    one.first_answer_logits = logits[row]
    return out


def _accept(one: Generation, token: int, gap: float, eos: int) -> bool:
    """Takes a token; true when it ends the text."""
    one.gap = min(one.gap, gap)
    if not one.closed:
        if token == eos:
            one.closed = True
        else:
            one.thought.append(token)
        return False
    one.answer.append(token)
    return token == eos
