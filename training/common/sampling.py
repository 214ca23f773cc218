"""Many outputs of many prompts at once: left-padded prompts, one prefill each, a KV cache that is written in place."""

import torch
from torch import Tensor

from .decoder import Decoder, DecoderConfig, KvCache


class RowCache(KvCache):
    """Keys and values in buffers that are as long as they will ever be; rows can be repeated or dropped, columns cut."""

    def __init__(self, config: DecoderConfig, rows: int, length: int):
        super().__init__(config.layers)
        self.shape = (rows, config.kv_heads, length, config.head_dim)
        self.lengths = [0] * config.layers

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        if self.keys[layer] is None:
            self.keys[layer], self.values[layer] = k.new_zeros(self.shape), v.new_zeros(self.shape)
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
    """`count` outputs of each prompt, each ending with `eos` unless it reached `limit` tokens. Temperature 0 is greedy.

    The outputs of a prompt are rows of one sequence that see the prompt and, by the mask, of the rest only themselves:
    the keys of the prompt are stored and read once for all of them.
    """
    layers, width = model.config.layers, max(map(len, prompts))
    missing = torch.tensor([width - len(prompt) for prompt in prompts])
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    cache = RowCache(model.config, len(prompts), width + count * limit)
    columns = torch.arange(width)
    hidden = (columns[None, None, :] > columns[None, :, None]) | (columns[None, None, :] < missing[:, None, None])
    positions = (columns[None, :] - missing[:, None]).clamp(min=0)
    states = model.run_layers(model.embed(ids), 0, layers, cache, positions, hidden)[:, -1]
    logits = model.logits(states)[:, None].expand(-1, count, -1)
    outputs: list[list[list[int]]] = [[[] for _ in range(count)] for _ in prompts]
    running = list(range(len(prompts)))  # the prompt that each row of the batch belongs to
    others = ~torch.eye(count, dtype=torch.bool)
    for step in range(limit):
        chosen = choose(logits.flatten(0, 1), temperature, top_p, generator).view(-1, count)
        for prompt, tokens in zip(running, chosen.tolist()):
            for output, token in zip(outputs[prompt], tokens):
                if not output or output[-1] != eos:
                    output.append(token)
        left = [row for row, prompt in enumerate(running) if any(output[-1] != eos for output in outputs[prompt])]
        if step == limit - 1 or not left:
            break
        if len(left) * 4 < len(running) * 3:
            kept = torch.tensor(left)
            cache.select(kept)
            running, missing, chosen = [running[row] for row in left], missing[kept], chosen[kept]
        padding = (columns[None, :] < missing[:, None])[:, None].expand(-1, count, -1)
        own = others.repeat(1, step + 1)[None].expand(len(running), -1, -1)
        places = (width + step - missing)[:, None].expand(-1, count)
        states = model.run_layers(model.embed(chosen), 0, layers, cache, places, torch.cat([padding, own], dim=-1))
        logits = model.logits(states)
    return outputs


def choose(logits: Tensor, temperature: float, top_p: float, generator: torch.Generator | None) -> Tensor:
    """[rows, V] -> [rows]: the best token at temperature 0, otherwise a draw from the smallest set with mass `top_p`."""
    if temperature == 0:
        return logits.argmax(-1)
    probabilities = (logits.float() / temperature).softmax(-1)
    best = probabilities.topk(min(64, probabilities.shape[-1]), dim=-1)
    if bool((best.values.sum(-1) < top_p).any()):
        best = probabilities.sort(-1, descending=True)
    probabilities, order = best
    before = probabilities.cumsum(-1) - probabilities
    probabilities = probabilities.masked_fill(before >= top_p, 0.0)
    return order.gather(1, torch.multinomial(probabilities, 1, generator=generator))[:, 0]
