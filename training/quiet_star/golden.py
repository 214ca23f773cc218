"""Writes the golden file of the server's tests: greedy generation in f32 by this recipe's own code, prompt by prompt.

    python3 -m training.quiet_star.golden checkpoints/quiet-star-stories tests/Models.Tests/Golden/quiet-star-stories.jsonl

The fields are those of tests/Models.Tests/Golden/README.md; `thought_ids` holds the thoughts of all tokens of the answer
one after the other, the one before the end of sequence too, and `mix` the weight w of each.
"""

import argparse
import os

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common.golden import DETAILED, rounded, write  # noqa: E402
from .data import held_out  # noqa: E402
from .evaluate import MAX_ANSWER, load  # noqa: E402
from .inference import generate  # noqa: E402

BATCH = 40


def lines(directory: str, size: int) -> list[dict]:
    """One dict per prompt, all kinds of problem in turn."""
    model, form = load(directory)
    problems = [problem for group in zip(*held_out(-(-size // 4)).values()) for problem in group][:size]
    prompts, results, out = [form.prompt(problem.text) for problem in problems], [], []
    for at in range(0, len(prompts), BATCH):
        results += generate(model, prompts[at:at + BATCH], form.eos, MAX_ANSWER)
    for i, (problem, ids, done) in enumerate(zip(problems, prompts, results)):
        thoughts = [token for thought in done.thoughts for token in thought]
        line = {
            "user": problem.text, "prompt_ids": ids, "thought_ids": thoughts, "answer_ids": done.answer,
            "thought": _shown(form, thoughts), "answer": _shown(form, done.answer), "expected": problem.answer,
            "mix": [*map(rounded, done.weights)], "gap": rounded(done.gap), "max_tokens": MAX_ANSWER}
        if i < DETAILED:
            line["first_thought_logits"] = [*map(rounded, done.first_thought_logits.tolist())]
            line["first_answer_logits"] = [*map(rounded, done.first_answer_logits.tolist())]
        out.append(line)
    return out


def _shown(form, ids: list[int]) -> str:
    """The text of tokens, special ones left out."""
    special = {token["id"] for token in form.tokenizer.spec["added_tokens"] if token.get("special")}
    return form.decode([token for token in ids if token not in special])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    parser.add_argument("--size", type=int, default=240)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    write(chosen.out, lines(chosen.checkpoint, chosen.size))
