"""How good an ICoT-SI checkpoint is on held-out products, and how many tokens an answer costs it.

    python3 -m training.icot_si.evaluate checkpoints/icot-si-full --digits 3x2
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common import checkpoint  # noqa: E402
from ..common.gpt2 import Gpt2, Gpt2Config  # noqa: E402
from ..common.multiplication import Product, evaluation_set  # noqa: E402
from .format import Format, read_format  # noqa: E402
from .inference import generate  # noqa: E402

MAX_NEW = 48


def load_weights(directory: str | Path) -> tuple[Gpt2Config, dict[str, torch.Tensor]]:
    """Configuration and parameters of a GPT-2 checkpoint; names may lack `transformer.` or have `base_model.` before it."""
    config = Gpt2Config.from_hf(checkpoint.read_config(directory))
    wanted = Gpt2(config).state_dict().keys()
    tensors = {}
    for name, tensor in checkpoint.read_tensors(directory).items():
        name = "transformer." + name.removeprefix("base_model.").removeprefix("transformer.")
        if name in wanted:  # the others are mask buffers, and a copy of the tied head
            tensors[name] = tensor
    missing = sorted(wanted - tensors.keys())
    if missing:
        raise ValueError(f"{directory} lacks tensors of its configuration, the first of them {missing[0]}.")
    return config, tensors


def load(directory: str | Path) -> tuple[Gpt2, Format]:
    """A checkpoint with its weights widened to f32, and its format."""
    config, tensors = load_weights(directory)
    model = Gpt2(config)
    model.load_state_dict(tensors)
    return model.eval(), read_format(directory)


def measure(model: Gpt2, form: Format, problems: list[Product], limit: int = MAX_NEW) -> dict[str, float]:
    """Greedy generation: percent of answers exactly right, tokens of the chain, and all generated tokens per problem."""
    done = generate(model, [form.prompt(problem.question) for problem in problems], form.eos, limit)
    right = [form.text(one.answer) == f"#### {problem.answer}" for one, problem in zip(done, problems)]
    count = len(problems)
    return {
        "accuracy": round(100 * sum(right) / count, 2),
        "chain": round(sum(len(one.thought) for one in done) / count, 3),
        "tokens": round(sum(len(one.thought) + one.closed + len(one.answer) for one in done) / count, 3)}


def digits(text: str) -> tuple[int, int]:
    """`3x2` as (3, 2)."""
    first, second = text.split("x")
    return int(first), int(second)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--digits", type=digits, default=(3, 2))
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the evaluation set")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(measure(*load(chosen.checkpoint), evaluation_set(chosen.size, chosen.digits, chosen.seed)), indent=1))
