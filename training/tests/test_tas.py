import unittest

import torch
from torch.nn import functional as F

from ..common import fused
from ..tas.inference import greedy, think_then_speak
from ..tas.model import Sample, losses, pack
from .fixtures import small_model

END, EOS = 3, 2


class LossTests(unittest.TestCase):
    def test_masks_cover_the_thought_and_the_answer_and_nothing_else(self):
        batch = pack([Sample([10, 11, 12], [20, END], [30, 31, EOS]), Sample([13], [END], [32, EOS], off=True)])
        self.assertEqual(batch.ids.tolist(), [10, 11, 12, 20, END, 30, 31, EOS, 13, END, 32, EOS])
        self.assertEqual(batch.lengths.tolist(), [8, 4])
        self.assertEqual(batch.ids[batch.think + 1].tolist(), [20, END])
        self.assertEqual(batch.ids[batch.speak + 1].tolist(), [30, 31, EOS, 32, EOS])
        self.assertEqual(batch.ids[batch.speak].tolist(), [END, 30, 31, END, 32])

    def test_losses_are_those_of_a_plain_forward_over_each_sequence(self):
        model = small_model()
        samples = [Sample([10, 11, 12], [20, 21, END], [30, EOS]), Sample([13, 14], [22, END], [31, 32, EOS])]
        got = losses(model, pack(samples), thought_weight=0.5)
        think, speak = [], []
        for sample in samples:
            ids = torch.tensor(sample.question + sample.thought + sample.answer)
            length = torch.tensor([len(ids)])
            middle = model.run_packed(model.embed(ids), 0, 2, length)
            final = model.run_packed(middle, 2, 4, length)
            q, t = len(sample.question), len(sample.thought)
            think.append(F.cross_entropy(model.thought_logits(middle)[q - 1:q + t - 1], ids[q:q + t], reduction="none"))
            speak.append(F.cross_entropy(model.logits(final)[q + t - 1:-1], ids[q + t:], reduction="none"))
        self.assertAlmostEqual(got["think"].item(), 0.5 * torch.cat(think).mean().item(), places=5)
        self.assertAlmostEqual(got["speak"].item(), torch.cat(speak).mean().item(), places=5)

    def test_the_thinking_loss_does_not_reach_the_upper_layers(self):
        model = small_model()
        losses(model, pack([Sample([10, 11], [20, END], [30, EOS])]))["think"].backward()
        self.assertIsNone(model.lm_head.weight.grad)
        self.assertIsNone(model.model.layers[2].mlp.up_proj.weight.grad)
        self.assertGreater(model.model.layers[1].mlp.up_proj.weight.grad.abs().sum().item(), 0)

    def test_fused_kernels_give_the_losses_and_gradients_of_plain_pytorch(self):
        if fused.library() is None:
            self.skipTest("no compiler for the fused kernels")
        samples = [Sample([*range(10, 40)], [*range(50, 61), END], [70, 71, EOS]), Sample([13], [22, END], [31, EOS])]
        grown = []
        usable = fused.usable
        try:
            for choice in (usable, lambda x: False):
                fused.usable = choice
                model = small_model(hidden_size=64, head_dim=32)
                with torch.autocast("cpu", torch.bfloat16):
                    parts = losses(model, pack(samples))
                sum(parts.values()).backward()
                grown.append((parts, {name: p.grad for name, p in model.named_parameters()}))
        finally:
            fused.usable = usable
        (one, first), (two, second) = grown
        for name in one:
            self.assertAlmostEqual(one[name].item(), two[name].item(), delta=0.03)
        for name in first:
            distance = (first[name] - second[name]).norm() / second[name].norm()
            self.assertLess(distance.item(), 0.05, name)


class InferenceTests(unittest.TestCase):
    def test_two_pass_generation_equals_one_forward_over_the_whole_sequence(self):
        for seed in range(4):
            model = small_model(seed, heads=4, kv_heads=2, head_dim=8)
            prompt = [10, 20, 30, 40 + seed]
            done = think_then_speak(model, prompt, END, EOS, max_thought=6, max_answer=6)
            ids = torch.tensor(prompt + done.thought + [END] + done.answer)
            length = torch.tensor([len(ids)])
            middle = model.run_packed(model.embed(ids), 0, 2, length)
            final = model.run_packed(middle, 2, 4, length)
            at = len(prompt) + len(done.thought)
            torch.testing.assert_close(done.first_thought_logits, model.thought_logits(middle[len(prompt) - 1]))
            torch.testing.assert_close(done.first_answer_logits, model.logits(final[at]))
            thoughts = model.thought_logits(middle[len(prompt) - 1:at - 1]).argmax(-1).tolist()
            self.assertEqual(done.thought, thoughts)
            self.assertEqual(done.answer, model.logits(final[at:-1]).argmax(-1).tolist())

    def test_a_batch_says_what_each_prompt_says_alone(self):
        model = small_model(1)
        prompts = [[10, 20, 30], [11], [12, 13, 14, 15, 16, 17]]
        thoughts = greedy(model, prompts, END, 5, thinking=True)
        answers = greedy(model, [p + t + [END] for p, t in zip(prompts, thoughts)], EOS, 5, thinking=False)
        for prompt, thought, answer in zip(prompts, thoughts, answers):
            alone = think_then_speak(model, prompt, END, EOS, 5, 5)
            self.assertEqual(alone.thought, thought)
            self.assertEqual([t for t in alone.answer if t != EOS], answer)

    def test_randomised_upper_layers_leave_the_thought_alone(self):
        model = small_model(2)
        before = think_then_speak(model, [10, 11, 12], END, EOS, 6, 2)
        with torch.no_grad():
            for block in model.model.layers[2:]:
                for parameter in block.parameters():
                    parameter.normal_()
        after = think_then_speak(model, [10, 11, 12], END, EOS, 6, 2)
        self.assertEqual(before.thought, after.thought)
        self.assertFalse(torch.equal(before.first_answer_logits, after.first_answer_logits))
