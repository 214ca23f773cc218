"""Trains ICoT-KD on multiplication: a student that answers from guessed teacher states, and the emulator that guesses.

    python3 -m training.icot_kd.train --teacher DIR --out DIR        DIR: a checkpoint that writes its working (icot_si)
    python3 -m training.icot_kd.train --teacher DIR --variant no-cot the control: the same steps without any teacher state
    python3 -m training.icot_kd.train --teacher DIR --base DIR       student and emulator start from another checkpoint

Three phases: the student learns to answer from the teacher's true states; the emulator learns to guess them; both learn
together to answer from the guesses. A killed run continues where it was when the same command is given again.
"""

import argparse
import json
import os
import random
from pathlib import Path

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from ..common import loop  # noqa: E402
from ..common.gpt2 import Gpt2  # noqa: E402
from ..common.multiplication import evaluation_set  # noqa: E402
from ..icot_si.evaluate import digits, load_weights  # noqa: E402
from ..icot_si.format import Sample, read_format  # noqa: E402
from ..icot_si.train import from_file, products  # noqa: E402
from .evaluate import measure  # noqa: E402
from .export import export  # noqa: E402
from .nets import Emulator, Student, answer_states, guess, teacher_states  # noqa: E402


class Pair(nn.Module):
    """Student and emulator as one set of parameters, for the joint phase."""

    def __init__(self, student: Student, emulator: Emulator):
        super().__init__()
        self.student, self.emulator = student, emulator


class Texts:
    """One batch in the three layouts the phases need: prompts, prompts with answers, prompts with workings."""

    def __init__(self, samples: list[Sample], eos: int):
        self.prompts, self.prompt_lengths = _packed([sample.prompt for sample in samples])
        self.texts, self.lengths = _packed([sample.prompt + sample.answer for sample in samples])
        self.worked, self.worked_lengths = _packed([[*sample.prompt, *sample.chain, eos] for sample in samples])
        self.separators = self.lengths.cumsum(0) - self.lengths + self.prompt_lengths - 1
        self.second = self.worked_lengths.cumsum(0) - 1
        self.first = self.second - torch.tensor([len(sample.chain) + 1 for sample in samples])
        rows = torch.repeat_interleave(torch.arange(len(samples)), self.lengths)
        place = torch.arange(len(self.texts))
        last = self.lengths.cumsum(0) - 1
        self.trained = place[(place >= self.separators[rows]) & (place < last[rows])]

    def cross_entropy(self, model: Gpt2, states: Tensor) -> Tensor:
        """Mean over the tokens of the answers, end token included."""
        return F.cross_entropy(model.logits(states[self.trained]).float(), self.texts[self.trained + 1])


def _packed(lists: list[list[int]]) -> tuple[Tensor, Tensor]:
    return torch.tensor([i for one in lists for i in one]), torch.tensor([len(one) for one in lists])


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", help="of the run in training/runs; a run of that name is resumed")
    parser.add_argument("--out", help="checkpoint directory to write")
    parser.add_argument("--teacher", required=True, help="checkpoint directory in GPT-2 layout that writes its working")
    parser.add_argument("--base", help="checkpoint directory student and emulator start from; default: the teacher")
    parser.add_argument("--data", help="file of lines `{input}||{chain} #### {answer}`; default: products made on the fly")
    parser.add_argument("--variant", choices=("kd", "no-cot"), default="kd")
    parser.add_argument("--digits", type=digits, default=(2, 2), help="of the two numbers, such as 2x2")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--student-steps", type=int, default=3000)
    parser.add_argument("--emulator-steps", type=int, default=3000)
    parser.add_argument("--joint-steps", type=int, default=3000)
    parser.add_argument("--learning-rate", type=float, help="peak; default 1e-3, with --base 5e-5 as published")
    parser.add_argument("--mixture", type=int, default=1, help="mixture components of the emulator")
    parser.add_argument("--evaluate", type=int, default=1000, help="number of held-out problems")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> dict:
    """Runs the recipe; returns what was measured (empty for data from a file)."""
    chosen = arguments(given)
    torch.set_num_threads(1)
    torch.manual_seed(chosen.seed)
    form = read_format(chosen.teacher)
    config, tensors = load_weights(chosen.teacher)
    teacher = Gpt2(config).eval()
    teacher.load_state_dict(tensors)
    teacher.requires_grad_(False)
    start, weights = load_weights(chosen.base) if chosen.base else (config, tensors)
    if (start.layers, start.hidden_size, start.vocab_size) != (config.layers, config.hidden_size, config.vocab_size):
        raise ValueError("Teacher and base must have the same number of layers, width and vocabulary.")
    student, emulator = Student(start), Emulator(start, chosen.mixture)
    student.base_model.load_state_dict(weights)
    emulator.base_model.load_state_dict(weights)
    source = from_file(form, chosen.data, config.context) if chosen.data else products(form, chosen.digits)
    problems = [] if chosen.data else evaluation_set(chosen.evaluate, chosen.digits)
    name = chosen.name or f"icot-kd-{chosen.variant}-{chosen.seed}"
    rate = chosen.learning_rate or (5e-5 if chosen.base else 1e-3)

    def phase(title: str, model: nn.Module, steps: int, loss) -> None:
        def losses(step: int) -> dict[str, Tensor]:
            rng = random.Random(f"{title}/{chosen.seed}/{step}")
            texts = Texts([source(rng) for _ in range(chosen.batch)], form.eos)
            with torch.autocast("cpu", torch.bfloat16):
                return loss(texts)
        loop.train(f"{name}/{title}", model, loop.Schedule(steps, rate, weight_decay=0.01), losses)

    def true_states(t: Texts) -> list[Tensor]:
        return teacher_states(teacher, t.worked, t.worked_lengths, t.first, t.second)

    result = {}
    if chosen.variant == "no-cot":
        steps = chosen.student_steps + chosen.emulator_steps + chosen.joint_steps
        control = student.base_model
        phase("control", control, steps, lambda t: {
            "answer": t.cross_entropy(control, control.run_packed(t.texts, t.lengths))})
        control.load_state_dict(_rounded(control))
        if problems:
            result["control"] = measure(control, form, problems)
    else:
        phase("student", student, chosen.student_steps, lambda t: {
            "answer": t.cross_entropy(student.base_model, answer_states(student, t.texts, t.lengths, t.separators, true_states(t)))})
        if problems:
            result["true states"] = _with_true_states(student, true_states, form, problems)

        def distance(t: Texts) -> dict[str, Tensor]:
            pairs = zip(guess(emulator, t.prompts, t.prompt_lengths), true_states(t))
            return {"distance": torch.stack([0.5 * F.mse_loss(mine, theirs) for mine, theirs in pairs]).mean()}
        phase("emulator", emulator, chosen.emulator_steps, distance)
        if problems:
            result["before joint"] = measure(student.base_model, form, problems, emulator, student)
        phase("joint", Pair(student, emulator), chosen.joint_steps, lambda t: {
            "answer": t.cross_entropy(student.base_model, answer_states(
                student, t.texts, t.lengths, t.separators, guess(emulator, t.prompts, t.prompt_lengths)))})
        student.load_state_dict(_rounded(student))
        emulator.load_state_dict(_rounded(emulator))
        if problems:
            result["joint"] = measure(student.base_model, form, problems, emulator, student)
        if chosen.out:
            export(student, emulator, form, chosen.out, chosen.base or chosen.teacher)
            print(f"Written to {chosen.out}", flush=True)
    if problems:
        (loop.RUNS / name / "result.json").write_text(json.dumps(vars(chosen) | {"measured": result}, indent=1) + "\n")
        print(json.dumps(result), flush=True)
    return result


@torch.no_grad()
def _with_true_states(student: Student, true_states, form, problems) -> dict[str, float]:
    """Accuracy of the student on the teacher's own states: what a perfect emulator would give. Teacher-forced."""
    samples = [form.sample(problem.question, problem.chain, problem.answer) for problem in problems]
    right = 0
    for at in range(0, len(samples), 100):
        t = Texts(samples[at:at + 100], form.eos)
        states = answer_states(student, t.texts, t.lengths, t.separators, true_states(t))
        hits = student.base_model.logits(states[t.trained]).argmax(-1) == t.texts[t.trained + 1]
        rows = torch.repeat_interleave(torch.arange(len(t.lengths)), t.lengths - t.prompt_lengths)
        right += int((torch.zeros(len(t.lengths)).index_add_(0, rows, (~hits).float()) == 0).sum())
    return {"accuracy": round(100 * right / len(samples), 2)}


def _rounded(model: nn.Module) -> dict[str, Tensor]:
    """What is measured is what is shipped: weights rounded to bf16, computed in f32."""
    return {key: value.bfloat16().float() for key, value in model.state_dict().items()}


if __name__ == "__main__":
    main()
