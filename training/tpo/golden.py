"""Writes the golden file of the server's tests: greedy generation in f32 by this recipe's own code, prompt by prompt.

    python3 -m training.tpo.golden checkpoints/tpo-stories tests/Models.Tests/Golden/tpo-stories.jsonl

The fields are those of tests/Models.Tests/Golden/README.md: `user` is the message, `prompt_ids` what thought prompt
and chat template make of it, `output_ids` everything generated, `thought` and `answer` what a reader is shown.
"""

import argparse
import os

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common.base import Base  # noqa: E402
from ..common.decoder import Decoder  # noqa: E402
from ..common.generate import one  # noqa: E402
from ..common.golden import DETAILED, rounded, write  # noqa: E402
from ..common.stories import evaluation_set  # noqa: E402
from .evaluate import MAX_OUTPUT  # noqa: E402
from .prompts import GENERIC, ThoughtPrompt, split  # noqa: E402


def shown(text: str, prompt: ThoughtPrompt) -> tuple[str, str]:
    """Thought and answer as a reader sees them: without a marker all is answer, after the first one all is thought."""
    output = split(text, prompt)
    if output.answer is not None:
        return output.thought, output.answer
    opened = prompt.starts_in_thought or any(marker in text for marker in (*prompt.thought_markers, *prompt.answer_markers))
    return (output.thought, "") if opened else ("", text)


def lines(directory: str, size: int) -> list[dict]:
    """One dict per prompt: four fifths with known words, one fifth with invented names and things."""
    base = Base(directory)
    model = Decoder(base.config)
    base.load_into(model)
    form, out = base.format, []
    invented = size // 5
    problems = evaluation_set(size - invented) + evaluation_set(invented, seed=1, invented=0.5)
    for i, problem in enumerate(problems):
        ids = form.prompt(GENERIC.dress(problem.text))
        done = one(model.eval(), ids, form.eos, MAX_OUTPUT)
        thought, answer = shown(form.decode([token for token in done.answer if token != form.eos]), GENERIC)
        line = {"user": problem.text, "prompt_ids": ids, "output_ids": done.answer, "thought": thought, "answer": answer,
                "expected": problem.answer, "gap": rounded(done.gap), "max_tokens": MAX_OUTPUT}
        if i < DETAILED:
            line["first_thought_logits"] = [*map(rounded, done.first_logits.tolist())]
        out.append(line)
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    parser.add_argument("--size", type=int, default=240)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    write(chosen.out, lines(chosen.checkpoint, chosen.size))
