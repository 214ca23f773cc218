"""Writes the golden file of the server's tests: greedy generation in f32 by this recipe's own code, prompt by prompt.

    python3 -m training.quiet_star.golden checkpoints/quiet-star-stories tests/Models.Tests/Golden/quiet-star-stories.jsonl

The fields are those of tests/Models.Tests/Golden/README.md; `thought_ids` holds the thoughts of all tokens of the answer
one after the other, the one before the end of sequence too, and `mix` the weight w of each.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from .data import held_out  # noqa: E402
from .evaluate import MAX_ANSWER, load  # noqa: E402
from .inference import generate  # noqa: E402

DETAILED = 20


def lines(directory: str, size: int) -> list[dict]:
    """One dict per prompt, all kinds of problem in turn."""
    model, form = load(directory)
    problems = [problem for group in zip(*held_out(-(-size // 4)).values()) for problem in group][:size]
    out = []
    for i, problem in enumerate(problems):
        ids = form.prompt(problem.text)
        done = generate(model, [ids], form.eos, MAX_ANSWER)[0]
        thoughts = [token for thought in done.thoughts for token in thought]
        line = {
            "user": problem.text, "prompt_ids": ids, "thought_ids": thoughts, "answer_ids": done.answer,
            "thought": _shown(form, thoughts), "answer": _shown(form, done.answer), "expected": problem.answer,
            "mix": [*map(_rounded, done.weights)], "gap": _rounded(done.gap), "max_tokens": MAX_ANSWER}
        if i < DETAILED:
            line["first_thought_logits"] = [*map(_rounded, done.first_thought_logits.tolist())]
            line["first_answer_logits"] = [*map(_rounded, done.first_answer_logits.tolist())]
        out.append(line)
    return out


def _shown(form, ids: list[int]) -> str:
    """The text of tokens, special ones left out."""
    special = {token["id"] for token in form.tokenizer.spec["added_tokens"] if token.get("special")}
    return form.decode([token for token in ids if token not in special])


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    parser.add_argument("--size", type=int, default=240)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    Path(chosen.out).parent.mkdir(parents=True, exist_ok=True)
    written = lines(chosen.checkpoint, chosen.size)
    with open(chosen.out, "w", encoding="utf-8", newline="\n") as file:
        for entry in written:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    right = sum(entry["answer"].strip() == entry["expected"] for entry in written)
    print(f"{len(written)} prompts, {right} answered right, smallest gap {min(e['gap'] for e in written):.3g}")
