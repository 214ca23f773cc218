"""ICoT-KD (arXiv 2311.01460) in float64, straight from the description: emulator, student, substitution at the separator."""
import torch
from torch import nn

import gpt2_reference


class Emulator(nn.Module):
    def __init__(self, layers, d, components):
        super().__init__()
        self.mlps = nn.ModuleList(nn.Sequential(nn.Linear(2 * d, 4 * d), nn.ReLU(), nn.Linear(4 * d, d)) for _ in range(layers))
        self.mixture_components = nn.Embedding(components, d)
        self.rnn = nn.LSTM(d, d, 1)
        self.key_proj, self.query_proj, self.out_proj = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(2 * d, d)


class Student(nn.Module):
    def __init__(self, layers, d):
        super().__init__()
        self.mlps = nn.ModuleList(nn.Sequential(nn.Linear(d, 4 * d), nn.ReLU(), nn.Linear(4 * d, d)) for _ in range(layers))


def emulated(tokens, weights, config, nets, temperature, prefix):
    """f_i per layer: the guesses of the teacher's states, read at the last token."""
    d = config["n_embd"]
    h = gpt2_reference.embed(tokens, weights, prefix)
    past, context, state, found = [], torch.zeros(d, dtype=torch.float64), None, []
    mixture = nets.mixture_components.weight
    for layer in range(config["n_layer"]):
        z = h[-1]
        mix = mixture[0] if mixture.shape[0] == 1 else ((mixture @ z) / temperature).softmax(-1) @ mixture
        found.append(nets.mlps[layer](torch.cat([z, mix])))
        output, state = nets.rnn((found[-1] + context).view(1, 1, d), state)
        output = output.view(d)
        if past:
            keys = torch.stack(past)
            context = (keys @ nets.query_proj(output)).softmax(-1) @ keys
        past.append(nets.key_proj(output))
        h = torch.cat([h[:-1], nets.out_proj(torch.cat([output, context]))[None]])
        h = gpt2_reference.block(h, weights, config, layer, prefix)
    return found


def student_logits(tokens, separator, guesses, weights, config, nets, prefix):
    """Logits behind the last token; row `separator` is replaced before every layer."""
    h = gpt2_reference.embed(tokens, weights, prefix)
    for layer in range(config["n_layer"]):
        g = nets.mlps[layer](guesses[layer])
        h = torch.cat([h[:separator], g[None], h[separator + 1:]])
        h = gpt2_reference.block(h, weights, config, layer, prefix)
    return gpt2_reference.logits(h, weights, config, prefix)[-1]
