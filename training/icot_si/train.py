"""Trains ICoT-SI on multiplication, from scratch or from a Hugging Face base in GPT-2 layout.

    python3 -m training.icot_si.train --remove all                 explicit chain of thought to none, token by token
    python3 -m training.icot_si.train --remove 5                   stops half-way (3x2 digits have 10 tokens of chain)
    python3 -m training.icot_si.train --remove 0                   explicit chain of thought only
    python3 -m training.icot_si.train --variant no-cot             the control: never a chain
    python3 -m training.icot_si.train --base DIR --data FILE       fine-tunes a base on lines `{input}||{chain} #### {answer}`

A killed run continues where it was when the same command is given again.
"""

import argparse
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")  # before torch: Debian's OpenBLAS picks SSE3 kernels by itself
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common import loop  # noqa: E402
from ..common.gpt2 import Gpt2, Gpt2Config  # noqa: E402
from ..common.multiplication import draw, evaluation_set  # noqa: E402
from .evaluate import digits, load_weights, measure  # noqa: E402
from .export import export  # noqa: E402
from .format import Format, Sample, own_format, read_format  # noqa: E402
from .model import loss_and_accuracy, pack, shortened, smoothing_offset  # noqa: E402
from .stages import Plan, read_stages, stage_file, train  # noqa: E402

Source = Callable[[random.Random], Sample]


def products(form: Format, shape: tuple[int, int]) -> Source:
    """Random products that are not held out."""
    def one(rng: random.Random) -> Sample:
        problem = draw(rng, shape, held_out=False)
        return form.sample(problem.question, problem.chain, problem.answer)
    return one


def from_file(form: Format, path: str, context: int) -> Source:
    """Random lines of a file in the published format; lines longer than the context are left out."""
    samples = []
    for line in filter(None, Path(path).read_text(encoding="utf-8").splitlines()):
        question, rest = line.split("||", 1)
        chain, answer = rest.split("####", 1)
        sample = form.sample(question.strip(), chain.strip(), answer.strip().replace(",", ""))
        if len(sample.prompt) + len(sample.chain) + 1 + len(sample.answer) <= context:
            samples.append(sample)
    if not samples:
        raise ValueError(f"{path} holds no line that fits into {context} tokens.")
    return lambda rng: rng.choice(samples)


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", help="of the run in training/runs; a run of that name is resumed")
    parser.add_argument("--out", help="checkpoint directory to write")
    parser.add_argument("--variant", choices=("icot", "no-cot"), default="icot")
    parser.add_argument("--digits", type=digits, default=(3, 2), help="of the two numbers, such as 3x2")
    parser.add_argument("--remove", default="all", help="tokens of the chain to remove in the end")
    parser.add_argument("--start", help="run to branch off from when as many tokens are removed; only anneals")
    parser.add_argument("--base", help="Hugging Face checkpoint directory in GPT-2 layout to start from")
    parser.add_argument("--data", help="file of lines `{input}||{chain} #### {answer}`; default: products made on the fly")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=64, help="sequences per step")
    parser.add_argument("--anneal-steps", type=int, default=1500, help="steps with a falling rate after the removal")
    parser.add_argument("--threshold", type=float, default=0.9, help="a stage ends above this accuracy (moving average)")
    parser.add_argument("--min-steps", type=int, default=80, help="of a stage")
    parser.add_argument("--max-steps", type=int, default=700, help="of a stage")
    parser.add_argument("--smoothing", type=float, default=4.0, help="lambda of removal smoothing; inf switches it off")
    parser.add_argument("--learning-rate", type=float, help="default 1e-3, with --base 5e-5 as published")
    parser.add_argument("--layers", type=int, default=4, help="without --base")
    parser.add_argument("--width", type=int, default=128, help="without --base; a multiple of 32")
    parser.add_argument("--evaluate", type=int, default=1000, help="number of held-out problems")
    parser.add_argument("--device", default="cpu")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> dict:
    """Runs the recipe; returns what was measured (empty for data from a file)."""
    chosen = arguments(given)
    torch.set_num_threads(1)
    if chosen.base:
        config, tensors = load_weights(chosen.base)
        form = read_format(chosen.base)
    else:
        form = own_format()
        config = Gpt2Config(form.tokenizer.size, chosen.width, chosen.layers, chosen.width // 32, 4 * chosen.width)
    model = Gpt2(config)
    if chosen.base:
        model.load_state_dict(tensors)
    else:
        model.initialise(torch.Generator().manual_seed(chosen.seed))
    model.to(chosen.device)
    source = from_file(form, chosen.data, config.context) if chosen.data else products(form, chosen.digits)
    probe = random.Random("longest chain")
    longest = max(len(source(probe).chain) for _ in range(200))
    remove = longest if chosen.remove == "all" or chosen.variant == "no-cot" else min(int(chosen.remove), longest)
    plan = Plan(
        remove, chosen.anneal_steps, remove + 1 if chosen.variant == "no-cot" or chosen.start else 0, chosen.threshold,
        chosen.min_steps, chosen.max_steps, chosen.learning_rate or (5e-5 if chosen.base else 1e-3))

    name = chosen.name or f"icot-si-{'x'.join(map(str, chosen.digits))}-{chosen.variant}-{chosen.remove}-{chosen.seed}"
    run = loop.RUNS / name
    run.mkdir(parents=True, exist_ok=True)
    if chosen.start and not (run / "start.safetensors").exists():
        (run / "start.safetensors").write_bytes(stage_file(loop.RUNS / chosen.start, remove + 1).read_bytes())

    def step_loss(step: int, removed: int) -> tuple[torch.Tensor, float]:
        rng = random.Random(f"train/{chosen.seed}/{step}")
        samples = []
        for _ in range(chosen.batch):
            cut = removed + smoothing_offset(rng, chosen.smoothing)
            # When the schedule reaches the longest chain nothing is left of any.
            samples.append(shortened(source(rng), cut if removed < longest else 1 << 30))
        with torch.autocast(torch.device(chosen.device).type, torch.bfloat16):
            return loss_and_accuracy(model, pack(samples, form.eos).to(chosen.device))

    problems = [] if chosen.data else evaluation_set(400, chosen.digits, seed=1)
    train(run, model, plan, step_loss, lambda *_: measure(model.cpu(), form, problems, longest + 12) if problems else {})

    # What is measured is what is shipped: weights rounded to bf16, computed in f32.
    model.to("cpu").load_state_dict({key: value.bfloat16().float() for key, value in model.state_dict().items()})
    if chosen.out:
        export(model, form, chosen.out, longest, chosen.base)
        print(f"Written to {chosen.out}", flush=True)
    if chosen.data or not chosen.evaluate:
        return {}
    result = measure(model, form, evaluation_set(chosen.evaluate, chosen.digits))
    (run / "result.json").write_text(json.dumps(
        vars(chosen) | {"run": name, "removed": remove, "chain_length": longest, "steps": read_stages(run)[-1]["step"],
                        "parameters": sum(p.numel() for p in model.parameters()), "measured": result}, indent=1) + "\n")
    print(json.dumps(result), flush=True)
    return result


if __name__ == "__main__":
    main()
