"""How good an ICoT-KD checkpoint is on held-out products.

    python3 -m training.icot_kd.evaluate checkpoints/icot-kd
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
from ..icot_si.evaluate import digits  # noqa: E402
from ..icot_si.format import Format, read_format  # noqa: E402
from .inference import generate  # noqa: E402
from .nets import Emulator, Student  # noqa: E402

MAX_NEW = 32


def load(directory: str | Path) -> tuple[Student, Emulator, Format]:
    """A checkpoint with its weights widened to f32, and its format."""
    directory = Path(directory)
    student = Student(Gpt2Config.from_hf(checkpoint.read_config(directory)))
    student.load_state_dict(checkpoint.read_tensors(directory))
    config = checkpoint.read_config(directory / "emulator")
    tensors = checkpoint.read_tensors(directory / "emulator")
    emulator = Emulator(
        Gpt2Config.from_hf(config), len(tensors["mixture_components.weight"]), config.get("softmax_temperature", 0.05))
    emulator.load_state_dict(tensors)
    return student.eval(), emulator.eval(), read_format(directory)


def measure(
    model: Gpt2, form: Format, problems: list[Product], emulator: Emulator | None = None, student: Student | None = None,
) -> dict[str, float]:
    """Greedy generation: percent of answers exactly right, of answers right digit by digit, and tokens per problem."""
    prompts = [form.prompt(problem.question) for problem in problems]
    done = generate(model, prompts, form.eos, MAX_NEW, emulator, student)
    texts = [form.text(one.ids) for one in done]
    wanted = [f"#### {problem.answer}" for problem in problems]
    pairs = [(a, b) for text, right in zip(texts, wanted) for a, b in zip(text.split()[1:], right.split()[1:])]
    count = len(problems)
    return {
        "accuracy": round(100 * sum(text == right for text, right in zip(texts, wanted)) / count, 2),
        "digits": round(100 * sum(a == b for a, b in pairs) / sum(len(problem.answer.split()) for problem in problems), 2),
        "tokens": round(sum(len(one.ids) for one in done) / count, 3)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--digits", type=digits, default=(2, 2))
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the evaluation set")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    pair = load(chosen.checkpoint)
    problems = evaluation_set(chosen.size, chosen.digits, chosen.seed)
    print(json.dumps(measure(pair[0].base_model, pair[2], problems, pair[1], pair[0]), indent=1))
