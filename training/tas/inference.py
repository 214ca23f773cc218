"""Two-pass greedy inference: thoughts from the lower layers, then the answer from the whole stack."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..common.decoder import KvCache
from .model import TasDecoder


@dataclass
class Generation:
    """What one prompt produced. `gap` is the smallest distance between the best two logits at any step."""

    thought: list[int] = field(default_factory=list)  # without the end-of-thought token
    answer: list[int] = field(default_factory=list)   # with end-of-sequence, if it came
    gap: float = float("inf")
    first_thought_logits: Tensor | None = None
    first_answer_logits: Tensor | None = None

    def choose(self, logits: Tensor) -> int:
        best = logits.topk(2)
        self.gap = min(self.gap, (best.values[0] - best.values[1]).item())
        return int(best.indices[0])


@torch.no_grad()
def think_then_speak(
    model: TasDecoder, prompt: list[int], thought_end: int, eos: int, max_thought: int, max_answer: int,
) -> Generation:
    """One prompt with an exit cache: the lower layers run once per token, the upper ones catch up before the answer.

    A thought of `max_thought` tokens is cut and its end forced; 0 turns thoughts off.
    """
    k, last = model.thinking_layer, model.config.layers
    cache, out = KvCache(last), Generation()
    exits: list[Tensor] = []  # states after layer k of every token so far, [1, T, d] each

    def run(ids: list[int], hi: int, start: int) -> Tensor:
        return _causal(model, model.embed(torch.tensor([ids])), 0, hi, cache, start)

    exits.append(run(prompt, k, 0))
    length = len(prompt)
    out.first_thought_logits = model.thought_logits(exits[0][0, -1])
    while len(out.thought) < max_thought:
        token = out.choose(model.thought_logits(exits[-1][0, -1]))
        if token == thought_end:
            break
        out.thought.append(token)
        exits.append(run([token], k, length))
        length += 1
    exits.append(run([thought_end], k, length))
    length += 1
    states = _causal(model, torch.cat(exits, dim=1), k, last, cache, 0)
    logits = model.logits(states[0, -1])
    out.first_answer_logits = logits
    while True:
        token = out.choose(logits)
        out.answer.append(token)
        if token == eos or len(out.answer) == max_answer:
            return out
        logits = model.logits(run([token], last, length)[0, -1])
        length += 1


def _causal(model: TasDecoder, x: Tensor, lo: int, hi: int, cache: KvCache, start: int) -> Tensor:
    """Layers lo..hi-1 over new states that begin at position `start`."""
    positions = torch.arange(start, start + x.shape[1])
    hidden = torch.arange(start + x.shape[1])[None, :] > positions[:, None]
    return model.run_layers(x, lo, hi, cache, positions[None], hidden[None])


@torch.no_grad()
def greedy(model: TasDecoder, prompts: list[list[int]], end: int, limit: int, thinking: bool) -> list[list[int]]:
    """Continues many prompts at once until `end` (not included): thoughts if `thinking`, otherwise answers.

    Prompts are padded on the left, which rotary positions allow; `end` is missing where `limit` was reached first.
    """
    hi = model.thinking_layer if thinking else model.config.layers
    width = max(map(len, prompts))
    missing = torch.tensor([width - len(prompt) for prompt in prompts])
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    cache, outputs, running = KvCache(model.config.layers), [[] for _ in prompts], set(range(len(prompts)))
    start = 0
    while True:
        columns = torch.arange(start, start + ids.shape[1])
        keys = torch.arange(start + ids.shape[1])
        hidden = (keys[None, None, :] > columns[None, :, None]) | (keys[None, None, :] < missing[:, None, None])
        positions = (columns[None, :] - missing[:, None]).clamp(min=0)
        states = model.run_layers(model.embed(ids), 0, hi, cache, positions, hidden)[:, -1]
        chosen = (model.thought_logits(states) if thinking else model.logits(states)).argmax(-1)
        for row in list(running):
            if chosen[row] == end or len(outputs[row]) == limit:
                running.remove(row)
            else:
                outputs[row].append(int(chosen[row]))
        if not running:
            return outputs
        start += ids.shape[1]
        ids = chosen[:, None]
