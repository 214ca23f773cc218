"""Writes the golden file of the shared base: every way it can be asked, on held-out problems.

    python3 -m training.base.golden checkpoints/base-stories tests/Models.Tests/Golden/base-stories.jsonl
"""

import argparse
import os

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common import generate, golden  # noqa: E402
from ..common.stories import evaluation_set  # noqa: E402
from .evaluate import MAX_ANSWER, load, look_ups  # noqa: E402
from .texts import SHOW, THOUGHT_PROMPT, thought_reply  # noqa: E402


def questions(size: int) -> list[tuple[str, str]]:
    """(question, right answer): directly, with the working, with the thought prompt, and look-ups, in turn."""
    out = []
    for problem, look_up in zip(evaluation_set(size // 4, seed=2, invented=0.1), look_ups(size // 4, seed=2)):
        out += [
            (problem.text, problem.answer), (problem.text + SHOW, f"{problem.thought}. {problem.answer}"),
            (THOUGHT_PROMPT.format(problem.text), thought_reply(problem.thought, problem.answer)), look_up]
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    parser.add_argument("--size", type=int, default=240)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    model, form = load(chosen.checkpoint)
    golden.write(chosen.out, golden.answer_lines(
        chosen.checkpoint, form, questions(chosen.size), lambda ids: generate.one(model, ids, form.eos, MAX_ANSWER),
        MAX_ANSWER))
