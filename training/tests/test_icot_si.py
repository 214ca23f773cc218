import importlib.util
import json
import math
import os
import random
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch
from torch.nn import functional as F

from ..common import fused, loop
from ..common.checkpoint import read_config
from ..common.multiplication import Product, draw, evaluation_set, number
from ..icot_si import train as recipe
from ..icot_si.evaluate import load
from ..icot_si.format import CHAT_TEMPLATE, read_format
from ..icot_si.inference import generate
from ..icot_si.model import loss_and_accuracy, pack, shortened, smoothing_offset
from ..icot_si.stages import Plan, read_stages, train
from .icot_fixtures import FORM, small_gpt2, write_gpt2_base

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"


def golden_module(name: str):
    """A module of tests/golden, which is no package."""
    spec = importlib.util.spec_from_file_location(name, GOLDEN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TaskTests(unittest.TestCase):
    def test_a_product_is_written_as_in_the_published_data(self):
        product = Product(3719, 3349, (4, 4))
        self.assertEqual(product.question, "9 1 7 3 * 9 4 3 3")
        self.assertTrue(product.chain.startswith("1 7 4 3 3 + 0 6 7 8 4 1 ( 1 3 2 2 8 1 ) + "))
        self.assertEqual(product.answer, "1 3 9 4 5 4 2 1")
        self.assertEqual(Product(361, 25, (3, 2)).chain, "5 0 8 1 + 0 2 2 7 0")
        self.assertEqual(number(f"#### {Product(361, 25, (3, 2)).answer}"), 9025)

    def test_training_and_evaluation_share_no_pair(self):
        rng = random.Random(0)
        seen = {draw(rng, (2, 1), held_out=False).typed for _ in range(3000)}
        held = evaluation_set(1000, (2, 1))
        self.assertGreater(len(seen), 700)
        self.assertGreater(len(held), 20)
        self.assertFalse(seen & {product.typed for product in held})
        self.assertEqual(evaluation_set(50, (3, 2)), evaluation_set(50, (3, 2)))

    def test_a_text_is_cut_at_its_end_tokens(self):
        sample = FORM.sample("1 6 3 * 5 2", "5 0 8 1 + 0 2 2 7 0", "5 2 0 9 0")
        self.assertEqual(sample.prompt, FORM.prompt("1 6 3 * 5 2"))
        self.assertEqual(sample.prompt[-1], FORM.eos)
        self.assertEqual(FORM.tokenizer.decode(sample.chain), "5 0 8 1 + 0 2 2 7 0")
        self.assertEqual(FORM.tokenizer.decode(sample.answer), "#### 5 2 0 9 0 <eos>")

    def test_the_chat_template_turns_typed_numbers_round_and_leaves_the_published_format(self):
        try:
            from jinja2.sandbox import ImmutableSandboxedEnvironment
        except ImportError:
            self.skipTest("jinja2 is not installed")
        template = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(CHAT_TEMPLATE)
        for typed in ("361*25", " 361 * 25 =", "361 x 25", "361×25", "1 6 3 * 5 2"):
            text = template.render(messages=[
                {"role": "user", "content": "1*1"}, {"role": "assistant", "content": "1"},
                {"role": "user", "content": typed}], eos_token="<eos>")
            self.assertEqual(text, " 1 6 3 * 5 2 <eos>", typed)


class StepTests(unittest.TestCase):
    def test_everything_after_the_first_end_token_is_trained_and_nothing_before(self):
        sample = FORM.sample("1 2 * 3 4", "5 6 7", "8 9")
        batch = pack([shortened(sample, 2), shortened(sample, 9)], FORM.eos)
        eos, text = FORM.eos, FORM.tokenizer.decode
        self.assertEqual(text(batch.ids[batch.trained + 1].tolist()), "7 <eos> #### 8 9 <eos> <eos> #### 8 9 <eos>")
        self.assertEqual(batch.rows.tolist(), [0] * 6 + [1] * 5)
        self.assertEqual(batch.ids[batch.trained[0]].item(), eos)
        self.assertTrue(batch.has_chain)
        self.assertFalse(pack([shortened(sample, 3)], eos).has_chain)

    def test_removal_smoothing_has_the_published_distribution(self):
        rng = random.Random(0)
        offsets = [smoothing_offset(rng, 1.0) for _ in range(20_000)]
        for o in range(3):
            expected = (1 - math.exp(-1)) * math.exp(-o)
            self.assertAlmostEqual(offsets.count(o) / len(offsets), expected, delta=0.012)
        self.assertEqual({smoothing_offset(rng, math.inf) for _ in range(100)}, {0})

    def test_the_network_is_gpt2(self):
        reference = golden_module("gpt2_reference")
        model = small_gpt2(3)
        ids = torch.tensor([5, 10, 7, 14, 9, 6, 1, 4])
        weights = {name: value.double() for name, value in model.state_dict().items()}
        config = model.config.to_hf()
        states = reference.hidden_states(ids, weights, config)
        with torch.no_grad():
            mine = model.logits(model.run_packed(ids, torch.tensor([len(ids)])))
        torch.testing.assert_close(mine.double(), reference.logits(states[-1], weights, config), rtol=1e-4, atol=1e-4)

    def test_fused_kernels_give_the_loss_and_gradients_of_plain_pytorch(self):
        if fused.library() is None:
            self.skipTest("no compiler for the fused kernels")
        sample, grown, usable = FORM.sample("1 2 * 3 4", "5 6 7", "8 9"), [], fused.usable
        batch = pack([sample, shortened(sample, 3)], FORM.eos)
        try:
            for choice in (usable, lambda x: False):
                fused.usable = choice
                model = small_gpt2(hidden_size=64)
                with torch.autocast("cpu", torch.bfloat16):
                    loss, _ = loss_and_accuracy(model, batch)
                loss.backward()
                grown.append((loss.item(), {name: p.grad for name, p in model.named_parameters()}))
        finally:
            fused.usable = usable
        (one, first), (two, second) = grown
        self.assertAlmostEqual(one, two, delta=0.03)
        whole = torch.cat([gradient.flatten() for gradient in second.values()]).norm()
        for name in first:
            self.assertLess(((first[name] - second[name]).norm() / whole).item(), 0.03, name)

    def test_generation_with_a_cache_equals_one_forward_and_ends_at_the_second_end_token(self):
        prompts = [[5, 10, 7, 1], [6, 6, 1], [9, 4, 12, 1], [5, 10, 8, 1]]
        ended = 0
        for seed in range(6):
            model = small_gpt2(seed)
            for prompt, one in zip(prompts, generate(model, prompts, FORM.eos, 12)):
                alone = generate(model, [prompt], FORM.eos, 12)[0]
                self.assertEqual((alone.thought, alone.answer), (one.thought, one.answer))
                made = one.thought + [FORM.eos] * one.closed + one.answer
                ids = torch.tensor(prompt + made)
                with torch.no_grad():
                    logits = model.logits(model.run_packed(ids, torch.tensor([len(ids)])))
                self.assertEqual(made, logits[len(prompt) - 1:-1].argmax(-1).tolist())
                self.assertTrue(len(made) == 12 or one.answer[-1] == FORM.eos)
                self.assertNotIn(FORM.eos, one.answer[:-1])
                ended += one.closed
                if one.answer:
                    at = len(prompt) + len(one.thought)
                    torch.testing.assert_close(one.first_answer_logits, logits[at], rtol=1e-4, atol=1e-4)
        self.assertGreater(ended, 0)


class StageTests(unittest.TestCase):
    PLAN = {"min_steps": 3, "max_steps": 5, "warm_up": 2, "save_every": 4, "report_every": 2, "threshold": 0.5}

    def run_stages(self, folder: str, plan: Plan, stops: list[int | None], seed: int = 0):
        sample = [FORM.sample(p.question, p.chain, p.answer) for p in evaluation_set(20, (2, 1))]
        for stop in stops:
            model = small_gpt2(seed)  # a new process starts from the same initial weights

            def step_loss(step: int, removed: int):
                rng = random.Random(step)
                batch = pack([shortened(rng.choice(sample), removed) for _ in range(2)], FORM.eos)
                return loss_and_accuracy(model, batch)[0], (step % 7) / 4
            train(Path(folder), model, plan, step_loss, lambda *_: {}, stop, say=lambda _: None)
        return model

    def test_a_killed_run_ends_where_an_unbroken_one_does(self):
        plan = Plan(2, 6, **self.PLAN)
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            whole = self.run_stages(one, plan, [None])
            resumed = self.run_stages(two, plan, [3, 7, 9, 12, None])
            self.assertEqual(read_stages(Path(one)), read_stages(Path(two)))
            self.assertEqual([line["removed"] for line in read_stages(Path(one))], [0, 1, 2, 2])
        for (name, expected), actual in zip(whole.named_parameters(), resumed.parameters()):
            self.assertTrue(torch.equal(expected, actual), name)

    def test_a_run_from_a_stage_of_another_is_that_run_stopped_there(self):
        with tempfile.TemporaryDirectory() as far, tempfile.TemporaryDirectory() as near, tempfile.TemporaryDirectory() as branch:
            self.run_stages(far, Plan(3, 4, **self.PLAN), [None])
            expected = self.run_stages(near, Plan(1, 6, **self.PLAN), [None])
            (Path(branch) / "start.safetensors").write_bytes((Path(far) / "stage-02.safetensors").read_bytes())
            actual = self.run_stages(branch, Plan(1, 6, first=2, **self.PLAN), [None], seed=9)
        for (name, one), two in zip(expected.named_parameters(), actual.parameters()):
            self.assertTrue(torch.equal(one, two), name)

    def test_a_stage_ends_when_the_model_has_it_or_its_time_is_over(self):
        plan = Plan(3, 100, min_steps=10, max_steps=20, threshold=0.8)
        self.assertEqual([plan.over(1, done, average) for done, average in ((9, 1.0), (10, 0.81), (19, 0.5), (20, 0.5))],
                         [False, True, False, True])
        self.assertEqual([plan.over(4, done, 1.0) for done in (99, 100)], [False, True])
        self.assertAlmostEqual(plan.rate(4, 100), 0.1 * plan.learning_rate)
        self.assertEqual(plan.rate(3, 90), plan.learning_rate)


class RecipeTests(unittest.TestCase):
    def test_from_nothing_to_a_checkpoint_that_loads(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(loop, "RUNS", Path(folder) / "runs"):
            out = str(Path(folder) / "out")
            result = recipe.main([
                "--digits", "2x1", "--min-steps", "2", "--max-steps", "2", "--anneal-steps", "3", "--batch", "2", "--width", "32",
                "--layers", "2", "--evaluate", "10", "--out", out])
            self.assertEqual(set(result), {"accuracy", "chain", "tokens"})
            model, form = load(out)
            self.assertEqual(form.prompt("361*25"), FORM.prompt("3 6 1 * 2 5"))
            thinking = read_config(out)["thinking"]
            self.assertEqual((thinking["method"], thinking["eos_count_to_stop"], thinking["separator_token_id"]), ("icot_si", 2, 1))
            self.assertEqual(model.config.layers, 2)

    def test_a_base_is_fine_tuned_on_published_lines(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(loop, "RUNS", Path(folder) / "runs"):
            base, out = Path(folder) / "base", str(Path(folder) / "out")
            os.mkdir(base)
            before = write_gpt2_base(base)
            data = Path(folder) / "data.txt"
            data.write_text("Out of 5 apples 2 go.||<<5-2=3>> #### 3\nTwo and two?||<<2+2=4>> <<4*1=4>> #### 1,004\n")
            self.assertEqual(recipe.main([
                "--base", str(base), "--data", str(data), "--remove", "2", "--min-steps", "1", "--max-steps", "1",
                "--anneal-steps", "2", "--batch", "2", "--out", out]), {})
            model, form = load(out)
            self.assertEqual(model.config.vocab_size, before.config.vocab_size)
            self.assertEqual(json.loads((Path(out) / "tokenizer.json").read_text()), read_format(base).tokenizer.spec)
            sample = form.sample("Two and two?", "<<2+2=4>>", "4")
            self.assertEqual(form.tokenizer.decode(sample.prompt + sample.chain + [form.eos] + sample.answer),
                             " Two and two? <eos> <<2+2=4>> <eos> #### 4 <eos>")
            change = F.mse_loss(model.transformer.h[0].attn.c_attn.weight, before.transformer.h[0].attn.c_attn.weight)
            self.assertTrue(0 < change < 1e-3)


if __name__ == "__main__":
    unittest.main()
