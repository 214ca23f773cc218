"""ICoT-KD's two networks (arXiv 2311.01460 and its published code), with the published parameter names.

The emulator reads a question and guesses, layer by layer, the states a teacher would have had while writing its working.
The student answers with those guesses in place of its own states at the separator, the last token of the prompt.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..common.gpt2 import Gpt2, Gpt2Config


def _mlps(layers: int, inputs: int, width: int) -> nn.ModuleList:
    return nn.ModuleList(
        nn.Sequential(nn.Linear(inputs, 4 * width), nn.ReLU(), nn.Linear(4 * width, width)) for _ in range(layers))


class Student(nn.Module):
    """A GPT-2 whose state at the separator is replaced before every layer i by g_i = mlps[i](f_i)."""

    def __init__(self, config: Gpt2Config):
        super().__init__()
        self.base_model = Gpt2(config)
        self.mlps = _mlps(config.layers, config.hidden_size, config.hidden_size)

    def rows(self, states: list[Tensor]) -> list[Tensor]:
        """Teacher states, true or guessed, [n, d] per layer -> the rows g_i that replace the student's."""
        return [net(state) for net, state in zip(self.mlps, states)]


class Emulator(nn.Module):
    """A GPT-2 with the nets that guess teacher states and feed them on to the layers above."""

    def __init__(self, config: Gpt2Config, mixture_size: int = 1, temperature: float = 0.05):
        super().__init__()
        width = config.hidden_size
        self.base_model = Gpt2(config)
        self.mlps = _mlps(config.layers, 2 * width, width)
        self.mixture_components = nn.Embedding(mixture_size, width)
        self.rnn = nn.LSTM(width, width, 1)
        self.key_proj = nn.Linear(width, width)
        self.query_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(2 * width, width)
        self.temperature = temperature

    def calls(self) -> tuple[Callable[[int, Tensor], Tensor], list[Tensor]]:
        """A function (i, z) -> the row that replaces z before layer i, and the list its guesses f_i go to.

        z is [n, d]. The LSTM's state, its past keys and the context begin at zero and are carried from call to call.
        """
        guesses: list[Tensor] = []
        keys: list[Tensor] = []
        state: list[Tensor] = []  # LSTM h and c, context

        def call(i: int, z: Tensor) -> Tensor:
            if i == 0:
                state[:] = [torch.zeros_like(z)] * 3
            h, c, context = state
            f = self.mlps[i](torch.cat([z, self._mixture(z)], -1)).float()
            guesses.append(f)
            h, c = self._lstm(f + context, h, c)
            if keys:
                past = torch.stack(keys, 1)
                weights = (past @ self.query_proj(h).float().unsqueeze(-1)).squeeze(-1).softmax(-1)
                context = (weights.unsqueeze(1) @ past).squeeze(1).float()
            keys.append(self.key_proj(h).float())
            state[:] = [h, c, context]
            return self.out_proj(torch.cat([h, context], -1)).to(z.dtype)
        return call, guesses

    def _mixture(self, z: Tensor) -> Tensor:
        components = self.mixture_components.weight
        if len(components) == 1:
            return components.expand(len(z), -1)
        return ((z @ components.t()).float() / self.temperature).softmax(-1) @ components

    def _lstm(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """One step of `rnn`, written out because PyTorch's runs in f32 only where the rest is bf16."""
        rnn = self.rnn
        gates = F.linear(x, rnn.weight_ih_l0, rnn.bias_ih_l0) + F.linear(h, rnn.weight_hh_l0, rnn.bias_hh_l0)
        enter, forget, new, leave = gates.float().chunk(4, -1)
        c = forget.sigmoid() * c + enter.sigmoid() * new.tanh()
        return leave.sigmoid() * c.tanh(), c


def guess(emulator: Emulator, ids: Tensor, lengths: Tensor) -> list[Tensor]:
    """Prompts packed one after another -> the guessed teacher states, [prompts, d] per layer."""
    separators = lengths.cumsum(0) - 1
    call, guesses = emulator.calls()
    emulator.base_model.run_packed(ids, lengths, lambda i, x: x.index_copy(0, separators, call(i, x[separators])))
    return guesses


def answer_states(student: Student, ids: Tensor, lengths: Tensor, separators: Tensor, states: list[Tensor]) -> Tensor:
    """Whole texts packed one after another, with the rows at `separators` replaced -> states [tokens, d]."""
    rows = student.rows(states)
    return student.base_model.run_packed(
        ids, lengths, lambda i, x: x.index_copy(0, separators, rows[i].to(x.dtype)))


@torch.no_grad()
def teacher_states(teacher: Gpt2, ids: Tensor, lengths: Tensor, first: Tensor, second: Tensor) -> list[Tensor]:
    """What the emulator is to guess: the input of layer i at the position i/(L-1) of the way through the working.

    `first`, `second` are the rows of the end tokens around each working. States are normalised without weights. (The
    published code takes the spacing of a batch's first example for all of them; here each has its own.)
    """
    seen: list[Tensor] = []
    teacher.run_packed(ids, lengths, seen=seen)
    last = max(1, teacher.config.layers - 1)
    out = []
    for i, states in enumerate(seen):
        at = torch.round(first + i * (second - first) / last).long()
        out.append(F.layer_norm(states[at].float(), states.shape[-1:]))
    return out
