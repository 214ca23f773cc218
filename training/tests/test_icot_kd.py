import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch
from torch.nn import functional as F

from ..common import loop
from ..common.checkpoint import read_config
from ..common.multiplication import evaluation_set
from ..icot_kd import train as recipe
from ..icot_kd.evaluate import load
from ..icot_kd.inference import generate
from ..icot_kd.nets import Emulator, Student, answer_states, guess, teacher_states
from ..icot_si.export import export
from .icot_fixtures import FORM, loud, small_gpt2
from .test_icot_si import golden_module

SAMPLES = [FORM.sample(p.question, p.chain, p.answer) for p in evaluation_set(5, (2, 2))]


class NetTests(unittest.TestCase):
    def test_the_emulator_is_the_one_the_servers_golden_values_come_from(self):
        golden = golden_module_with_double()
        config = small_gpt2(hidden_size=golden.D, layers=golden.LAYERS).config
        for size in (1, 3):
            emulator = loud(Emulator(config, size, golden.TEMPERATURE), 5)
            inputs = torch.randn(golden.LAYERS, golden.D, generator=torch.Generator().manual_seed(1))
            expected: dict = {}
            double = loud(Emulator(config, size, golden.TEMPERATURE), 5).double()
            with torch.no_grad():
                golden.emulate(expected, "x", double.mlps, double.mixture_components.weight, double.rnn, double.key_proj,
                               double.query_proj, double.out_proj, inputs.double())
                call, guesses = emulator.calls()
                for i, z in enumerate(inputs):
                    row = call(i, z[None])
                    torch.testing.assert_close(row[0].double(), expected[f"x.row.{i}"], rtol=1e-4, atol=1e-5)
                    torch.testing.assert_close(guesses[i][0].double(), expected[f"x.f.{i}"], rtol=1e-4, atol=1e-5)

    def test_teacher_states_are_layer_inputs_along_the_diagonal(self):
        teacher = small_gpt2(1, layers=4)
        text = recipe.Texts(SAMPLES, FORM.eos)
        states = teacher_states(teacher, text.worked, text.worked_lengths, text.first, text.second)
        sample, seen = SAMPLES[2], []
        whole = torch.tensor([*sample.prompt, *sample.chain, FORM.eos])
        with torch.no_grad():
            teacher.run_packed(whole, torch.tensor([len(whole)]), seen=seen)
        chain = len(sample.chain)
        self.assertEqual(chain, 8)  # three steps of three tokens from the first end token to the second
        for i, state in enumerate(states):
            expected = F.layer_norm(seen[i][len(sample.prompt) - 1 + 3 * i], (32,))
            torch.testing.assert_close(state[2], expected, rtol=1e-4, atol=1e-4)

    def test_inference_with_a_cache_equals_the_training_forward(self):
        student, emulator = pair()
        text = recipe.Texts(SAMPLES, FORM.eos)
        with torch.no_grad():
            states = answer_states(
                student, text.texts, text.lengths, text.separators, guess(emulator, text.prompts, text.prompt_lengths))
            logits = student.base_model.logits(states)
        first = generate(student.base_model, [sample.prompt for sample in SAMPLES], FORM.eos, 1, emulator, student)
        for row, one in enumerate(first):
            torch.testing.assert_close(one.first_logits, logits[text.separators[row]], rtol=1e-3, atol=1e-3)
        plain = generate(student.base_model, [SAMPLES[0].prompt], FORM.eos, 1)[0]
        self.assertGreater((plain.first_logits - first[0].first_logits).abs().max().item(), 1e-2)

    def test_only_the_answer_is_trained(self):
        text = recipe.Texts(SAMPLES[:2], FORM.eos)
        spelt = FORM.tokenizer.decode(text.texts[text.trained + 1].tolist())
        self.assertEqual(spelt, " ".join(FORM.tokenizer.decode(sample.answer) for sample in SAMPLES[:2]))


class RecipeTests(unittest.TestCase):
    def test_three_phases_make_a_checkpoint_that_loads_and_answers_the_same(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(loop, "RUNS", Path(folder) / "runs"):
            teacher, out = Path(folder) / "teacher", Path(folder) / "out"
            os.mkdir(teacher)
            export(small_gpt2(2), FORM, teacher, 8)
            given = ["--teacher", str(teacher), "--digits", "2x2", "--student-steps", "2", "--emulator-steps", "2",
                     "--joint-steps", "2", "--batch", "2", "--evaluate", "5", "--out", str(out)]
            result = recipe.main(given)
            self.assertEqual(set(result), {"true states", "before joint", "joint"})
            self.assertEqual(recipe.main(given), result)  # everything is done: the runs are resumed at their ends
            student, emulator, form = load(out)
            self.assertEqual(read_config(out)["thinking"]["method"], "icot_kd")
            self.assertEqual(json.loads((out / "emulator" / "config.json").read_text())["mixture_size"], 1)
            self.assertNotIn("thinking", read_config(out / "emulator"))
            one = generate(student.base_model, [form.prompt("361*25")], form.eos, 3, emulator, student)[0]
            self.assertGreater(len(one.ids), 0)
            control = recipe.main([*given[:-2], "--variant", "no-cot"])
            self.assertEqual(set(control), {"control"})


def pair() -> tuple[Student, Emulator]:
    config = small_gpt2().config
    return loud(Student(config), 3), loud(Emulator(config), 4)


def golden_module_with_double():
    """tests/golden/make_nets.py, whose own imports stand beside it."""
    import sys
    from .test_icot_si import GOLDEN
    sys.path.insert(0, str(GOLDEN))
    try:
        return golden_module("make_nets")
    finally:
        sys.path.remove(str(GOLDEN))


if __name__ == "__main__":
    unittest.main()
