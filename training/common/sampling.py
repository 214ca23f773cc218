"""Many outputs of many prompts at once: left-padded prompts, one prefill each, a KV cache that is written in place."""

import torch
from torch import Tensor

from .decoder import Decoder, DecoderConfig, KvCache


class RowCache(KvCache):
    """Keys and values in buffers that are as long as they will ever be; rows can be repeated or dropped, columns cut."""

    def __init__(self, config: DecoderConfig, rows: int, length: int):
        super().__init__(config.layers)
        shape = (rows, config.kv_heads, length, config.head_dim)
        self.keys = [torch.zeros(shape) for _ in range(config.layers)]
        self.values = [torch.zeros(shape) for _ in range(config.layers)]
        self.lengths = [0] * config.layers

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        start, end = self.lengths[layer], self.lengths[layer] + k.shape[2]
        self.keys[layer][:, :, start:end], self.values[layer][:, :, start:end] = k, v
        self.lengths[layer] = end
        return self.keys[layer][:, :, :end], self.values[layer][:, :, :end]

    def truncate(self, length: int) -> None:
        """Forgets all columns from `length` on."""
        self.lengths = [length] * len(self.lengths)

    def select(self, rows: Tensor) -> None:
        """Keeps these rows, in this order; a row may be named more than once."""
        self.keys = [keys[rows] for keys in self.keys]
        self.values = [values[rows] for values in self.values]


@torch.no_grad()
def sample(
    model: Decoder, prompts: list[list[int]], count: int, eos: int, limit: int, temperature: float = 0.0,
    top_p: float = 1.0, generator: torch.Generator | None = None,
) -> list[list[list[int]]]:
    """`count` outputs of each prompt, each ending with `eos` unless it reached `limit` tokens. Temperature 0 is greedy."""
    width = max(map(len, prompts))
    missing = torch.tensor([width - len(prompt) for prompt in prompts])
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    cache = RowCache(model.config, len(prompts), width + limit)
    columns = torch.arange(width)
    hidden = (columns[None, None, :] > columns[None, :, None]) | (columns[None, None, :] < missing[:, None, None])
    positions = (columns[None, :] - missing[:, None]).clamp(min=0)
    states = model.run_layers(model.embed(ids), 0, model.config.layers, cache, positions, hidden)[:, -1]
    rows = torch.arange(len(prompts)).repeat_interleave(count)
    cache.select(rows)
    missing, logits = missing[rows], model.logits(states)[rows]
    outputs: list[list[int]] = [[] for _ in rows]
    running = list(range(len(rows)))  # the output that each row of the batch writes
    done = torch.zeros(len(rows), dtype=torch.bool)
    for step in range(limit):
        chosen = choose(logits, temperature, top_p, generator)
        for row, token in enumerate(chosen.tolist()):
            if not done[row]:
                outputs[running[row]].append(token)
                done[row] = token == eos
        if step == limit - 1 or bool(done.all()):
            break
        if int(done.sum()) * 4 > len(running):
            kept = (~done).nonzero()[:, 0]
            cache.select(kept)
            running, missing, chosen, done = [running[row] for row in kept.tolist()], missing[kept], chosen[kept], done[kept]
        at = width + step
        hidden = torch.arange(at + 1)[None, None, :] < missing[:, None, None]
        states = model.run_layers(
            model.embed(chosen[:, None]), 0, model.config.layers, cache, (at - missing)[:, None], hidden)
        logits = model.logits(states[:, -1])
    return [outputs[i * count:(i + 1) * count] for i in range(len(prompts))]


def choose(logits: Tensor, temperature: float, top_p: float, generator: torch.Generator | None) -> Tensor:
    """[rows, V] -> [rows]: the best token at temperature 0, otherwise a draw from the smallest set with mass `top_p`."""
    if temperature == 0:
        return logits.argmax(-1)
    probabilities, order = (logits.float() / temperature).softmax(-1).sort(-1, descending=True)
    before = probabilities.cumsum(-1) - probabilities
    probabilities = probabilities.masked_fill(before >= top_p, 0.0)
    return order.gather(1, torch.multinomial(probabilities, 1, generator=generator))[:, 0]
