"""Makes tests/Models.Tests/GoldenNets/nets.safetensors: the nets beside the stack, with inputs and expected outputs.

    python3 tests/golden/make_nets.py

ICoT-KD's emulator (arXiv 2311.01460) with torch.nn.LSTM, its student nets, and Quiet-STaR's mixing head (2403.09629).
"""
import pathlib

import torch
from torch import nn

import safetensors_io

OUT = pathlib.Path(__file__).resolve().parent.parent / "Models.Tests" / "GoldenNets"
D, LAYERS, COMPONENTS, TEMPERATURE = 8, 4, 3, 0.5


def emulate(tensors, prefix, mlps, mixture, rnn, key_proj, query_proj, out_proj, inputs):
    past, context, state = [], torch.zeros(D, dtype=torch.float64), None
    for i in range(LAYERS):
        z = inputs[i]
        if mixture.shape[0] == 1:
            mix = mixture[0]
        else:
            mix = ((mixture @ z) / TEMPERATURE).softmax(-1) @ mixture
        f = mlps[i](torch.cat([z, mix]))
        output, state = rnn((f + context).view(1, 1, D), state)
        output = output.view(D)
        if past:
            keys = torch.stack(past)
            context = (keys @ query_proj(output)).softmax(-1) @ keys
        past.append(key_proj(output))
        tensors[f"{prefix}.f.{i}"] = f
        tensors[f"{prefix}.row.{i}"] = out_proj(torch.cat([output, context]))


def main():
    torch.manual_seed(5)
    torch.set_default_dtype(torch.float64)
    mlps = nn.ModuleList(nn.Sequential(nn.Linear(2 * D, 4 * D), nn.ReLU(), nn.Linear(4 * D, D)) for _ in range(LAYERS))
    student = nn.ModuleList(nn.Sequential(nn.Linear(D, 4 * D), nn.ReLU(), nn.Linear(4 * D, D)) for _ in range(LAYERS))
    rnn = nn.LSTM(D, D, 1)
    key_proj, query_proj, out_proj = nn.Linear(D, D), nn.Linear(D, D), nn.Linear(2 * D, D)
    mixture = torch.randn(COMPONENTS, D)
    talk = nn.Sequential(nn.Linear(2 * D, D), nn.ReLU(), nn.Linear(D, D), nn.ReLU(), nn.Linear(D, 1, bias=False))
    inputs, base, thought = torch.randn(LAYERS, D) * 2, torch.randn(D), torch.randn(D)
    with torch.no_grad():
        for parameter in [*mlps.parameters(), *student.parameters(), *rnn.parameters(), *talk.parameters()]:
            parameter.mul_(2)
            parameter.copy_(parameter.float().double())
        for module in (key_proj, query_proj, out_proj):
            for parameter in module.parameters():
                parameter.copy_(parameter.float().double())
        mixture, inputs = mixture.float().double(), inputs.float().double()
        base, thought = base.float().double(), thought.float().double()
        tensors = {"inputs": inputs, "mixture": mixture, "base": base, "thought": thought}
        for name, module in {
            "mlps": mlps, "student": student, "rnn": rnn, "key_proj": key_proj, "query_proj": query_proj,
            "out_proj": out_proj, "talk": talk,
        }.items():
            tensors.update({f"{name}.{key}": value for key, value in module.state_dict().items()})
        emulate(tensors, "many", mlps, mixture, rnn, key_proj, query_proj, out_proj, inputs)
        emulate(tensors, "one", mlps, mixture[:1], rnn, key_proj, query_proj, out_proj, inputs)
        for i in range(LAYERS):
            tensors[f"student.g.{i}"] = student[i](tensors[f"many.f.{i}"])
        weight = talk(torch.cat([base, thought]))
        tensors["weight"] = weight
        tensors["mixed"] = (1 - weight) * base + weight * thought
    OUT.mkdir(exist_ok=True)
    safetensors_io.write(OUT / "nets.safetensors", {name: tensor.float() for name, tensor in tensors.items()})


if __name__ == "__main__":
    main()
