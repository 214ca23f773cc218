"""Generation with a thought before every token: think, mix, name the token, forget the thought."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..common.sampling import RowCache
from .model import QuietStarDecoder


@dataclass
class Generation:
    """What one prompt produced. `gap` is the smallest distance between the best two logits at any choice."""

    answer: list[int] = field(default_factory=list)          # with end-of-sequence, if it came
    thoughts: list[list[int]] = field(default_factory=list)  # one for each token of the answer
    weights: list[float] = field(default_factory=list)       # w, likewise
    gap: float = float("inf")
    first_thought_logits: Tensor | None = None  # [V], nothing masked
    first_answer_logits: Tensor | None = None


@torch.no_grad()
def generate(
    model: QuietStarDecoder, prompts: list[list[int]], eos: int, limit: int, thinking: bool = True,
) -> list[Generation]:
    """Greedy thoughts and answers of many prompts, padded on the left; without `thinking`, w = 0."""
    settings, layers = model.settings, model.config.layers
    width = max(map(len, prompts))
    missing = torch.tensor([width - len(prompt) for prompt in prompts])
    cache = RowCache(model.config, len(prompts), width + limit + settings.thought_tokens + 2)
    results = [Generation() for _ in prompts]
    rows = list(range(len(prompts)))  # the prompt that each row of the batch belongs to

    def run(x: Tensor, start: int) -> Tensor:
        """[rows, n, d] embeddings at columns start.. -> the normed state of the last one."""
        columns, keys = torch.arange(start, start + x.shape[1]), torch.arange(start + x.shape[1])
        hidden = (keys[None, None, :] > columns[None, :, None]) | (keys[None, None, :] < missing[:, None, None])
        places = (columns[None, :] - missing[:, None]).clamp(min=0)
        return model.model.norm(model.run_layers(x, 0, layers, cache, places, hidden)[:, -1])

    def choose(logits: Tensor) -> Tensor:
        best = logits.topk(2, dim=-1)
        for row, gap in zip(rows, (best.values[:, 0] - best.values[:, 1]).tolist()):
            results[row].gap = min(results[row].gap, gap)
        return best.indices[:, 0]

    before = run(model.embed(torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])), 0)
    length = width
    while True:
        states, thought = before, []
        if thinking:
            x = model.start_vector().expand(len(rows), 1, -1)
            for j in range(settings.thought_tokens):
                states = run(x, length + j)
                for row, state in zip(rows, states):
                    if results[row].first_thought_logits is None:
                        results[row].first_thought_logits = model.lm_head(state)
                thought.append(choose(model.thought_logits(states)))
                x = model.embed(thought[-1])[:, None]
            end = model.end_vector().expand(len(rows), 1, -1)
            states, weight = model.mix(before, run(torch.cat([x, end], dim=1), length + settings.thought_tokens))
            cache.truncate(length)
        chosen = choose(model.thought_logits(states))
        for i, row in enumerate(rows):
            result = results[row]
            if result.first_answer_logits is None:
                result.first_answer_logits = model.lm_head(states[i])
            result.answer.append(int(chosen[i]))
            if thinking:
                result.thoughts.append([int(tokens[i]) for tokens in thought])
                result.weights.append(weight[i].item())
        kept = [i for i, row in enumerate(rows) if results[row].answer[-1] != eos and len(results[row].answer) < limit]
        if not kept:
            return results
        if len(kept) < len(rows):
            cache.select(torch.tensor(kept))
            rows, missing, chosen = [rows[i] for i in kept], missing[kept], chosen[kept]
        before = run(model.embed(chosen[:, None]), length)
        length += 1
