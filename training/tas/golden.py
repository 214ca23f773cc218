"""Writes the golden file of the server's tests: what the recipe's own f32 two-pass inference says, prompt by prompt.

    python3 -m training.tas.golden checkpoints/tas-stories tests/Models.Tests/Golden/tas-stories.jsonl

Each line: `prompt`, `prompt_ids`; `thought_ids` (without the end-of-thought token) and `answer_ids` (with the end of
sequence) of greedy decoding; `thought`, `answer` as text, `expected` (the right answer); `gap`, the smallest distance
between the best two logits at any step. The first lines also hold `first_thought_logits` and `first_answer_logits` (all
of the vocabulary, six significant digits) and `budget`: the answer after a thought cut to 0 and to 5 tokens.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common.stories import evaluation_set  # noqa: E402
from .evaluate import MAX_ANSWER, MAX_THOUGHT, load  # noqa: E402
from .inference import think_then_speak  # noqa: E402

DETAILED = 20
BUDGETS = (0, 5)


def lines(directory: str, size: int) -> list[dict]:
    """One dict per prompt: four fifths with known words, one fifth with invented names and things."""
    model, form, thought_end = load(directory)
    invented = size // 5
    problems = evaluation_set(size - invented) + evaluation_set(invented, seed=1, invented=0.5)
    out = []
    for i, problem in enumerate(problems):
        ids = form.prompt(problem.text)

        def generate(max_thought: int):
            return think_then_speak(model, ids, thought_end, form.eos, max_thought, MAX_ANSWER)
        done = generate(MAX_THOUGHT)
        line = {
            "prompt": problem.text, "prompt_ids": ids, "thought_ids": done.thought, "answer_ids": done.answer,
            "thought": form.decode(done.thought), "answer": form.decode([t for t in done.answer if t != form.eos]),
            "expected": problem.answer, "gap": _rounded(done.gap)}
        if i < DETAILED:
            line["first_thought_logits"] = [*map(_rounded, done.first_thought_logits.tolist())]
            line["first_answer_logits"] = [*map(_rounded, done.first_answer_logits.tolist())]
            line["budget"] = {
                str(n): {"thought_ids": cut.thought, "answer_ids": cut.answer, "gap": _rounded(cut.gap)}
                for n in BUDGETS for cut in [generate(n)]}
        out.append(line)
    return out


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
    right = sum(entry["answer"] == entry["expected"] for entry in written)
    print(f"{len(written)} prompts, {right} answered right, smallest gap {min(e['gap'] for e in written):.3g}")
