"""Writes the golden file of the server's tests: what the recipe's own f32 generation says, prompt by prompt.

    python3 -m training.icot_kd.golden checkpoints/icot-kd tests/Models.Tests/Golden/icot-kd.jsonl

The fields are those of tests/Models.Tests/Golden/README.md; there is no thought to compare.
"""

import os

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common.golden import DETAILED, rounded, write  # noqa: E402
from ..common.multiplication import evaluation_set  # noqa: E402
from ..icot_si.format import PROMPT_TEMPLATE  # noqa: E402
from ..icot_si.golden import SEED, arguments  # noqa: E402
from .evaluate import MAX_NEW, load  # noqa: E402
from .inference import generate  # noqa: E402


def lines(directory: str, size: int, shape: tuple[int, int]) -> list[dict]:
    """One dict per prompt, each generated alone."""
    student, emulator, form = load(directory)
    out = []
    for i, problem in enumerate(evaluation_set(size, shape, SEED)):
        ids = form.prompt(problem.question)
        done = generate(student.base_model, [ids], form.eos, MAX_NEW, emulator, student)[0]
        out.append({
            "prompt": PROMPT_TEMPLATE.format(input=problem.question, eos=form.eos_text), "user": problem.typed,
            "prompt_ids": ids, "answer_ids": done.ids, "answer": form.text(done.ids), "expected": f"#### {problem.answer}",
            "gap": rounded(done.gap), "max_tokens": MAX_NEW})
        if i < DETAILED:
            out[-1]["first_answer_logits"] = [*map(rounded, done.first_logits.tolist())]
    return out


if __name__ == "__main__":
    chosen = arguments(__doc__, (2, 2))
    torch.set_num_threads(1)
    write(chosen.out, lines(chosen.checkpoint, chosen.size, chosen.digits))
