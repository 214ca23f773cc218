"""Writes the golden file of the server's tests: what the recipe's own f32 generation says, prompt by prompt.

    python3 -m training.icot_si.golden checkpoints/icot-si-full tests/Models.Tests/Golden/icot-si-full.jsonl

The fields are those of tests/Models.Tests/Golden/README.md.
"""

import argparse
import os

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common.golden import DETAILED, rounded, write  # noqa: E402
from ..common.multiplication import evaluation_set  # noqa: E402
from .evaluate import MAX_NEW, digits, load  # noqa: E402
from .format import PROMPT_TEMPLATE  # noqa: E402
from .inference import generate  # noqa: E402

SEED = 2  # of the evaluation set: not the problems of the model card


def lines(directory: str, size: int, shape: tuple[int, int]) -> list[dict]:
    """One dict per prompt, each generated alone."""
    model, form = load(directory)
    out = []
    for i, problem in enumerate(evaluation_set(size, shape, SEED)):
        ids = form.prompt(problem.question)
        done = generate(model, [ids], form.eos, MAX_NEW)[0]
        line = {
            "prompt": PROMPT_TEMPLATE.format(input=problem.question, eos=form.eos_text), "user": problem.typed,
            "prompt_ids": ids}
        if done.thought:
            line |= {"thought_ids": done.thought, "thought": form.text(done.thought)}
        line |= {
            "answer_ids": done.answer, "answer": form.text(done.answer), "expected": f"#### {problem.answer}",
            "gap": rounded(done.gap), "max_tokens": MAX_NEW}
        if i < DETAILED:
            if done.thought:
                line["first_thought_logits"] = [*map(rounded, done.first_thought_logits.tolist())]
            if done.first_answer_logits is not None:
                line["first_answer_logits"] = [*map(rounded, done.first_answer_logits.tolist())]
        out.append(line)
    return out


def arguments(description: str, shape: tuple[int, int] = (3, 2)) -> argparse.Namespace:
    """What the golden commands of ICoT take."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    parser.add_argument("--size", type=int, default=240)
    parser.add_argument("--digits", type=digits, default=shape)
    return parser.parse_args()


if __name__ == "__main__":
    chosen = arguments(__doc__)
    torch.set_num_threads(1)
    write(chosen.out, lines(chosen.checkpoint, chosen.size, chosen.digits))
