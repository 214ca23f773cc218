import json
import tempfile
import unittest
from pathlib import Path

import torch

from ..common import checkpoint
from ..common.decoder import KvCache
from ..quiet_star import train
from ..quiet_star.data import KINDS, held_out, stories
from ..quiet_star.evaluate import load, measure, perplexity
from ..quiet_star.inference import generate
from ..quiet_star.losses import future_losses, losses, pad, plain_loss
from ..quiet_star.model import QuietStarDecoder, Settings
from ..quiet_star.parallel import draw_thoughts, run
from .fixtures import small_config, write_base

VOCABULARY = small_config().vocab_size


def thinker(seed: int = 0, weight: bool = True, **changes) -> QuietStarDecoder:
    """A random model whose thoughts matter (unless `weight` is false: then w = 0)."""
    model = QuietStarDecoder(small_config(**changes), Settings(7, 3, 10.0, VOCABULARY - 2))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * parameter.shape[-1] ** -0.5)
        model.start_embedding.mul_(0.5)
        if not weight:
            model.talk_head[0][4].weight.zero_()
    return model.eval()


TEXTS = [[1, 20, 30, 40, 50, 60, 2], [1, 7, 8, 2]]


class ParallelTests(unittest.TestCase):
    @torch.no_grad()
    def test_every_row_is_what_a_prefix_and_its_own_thought_give(self):
        model = thinker(1, kv_heads=1)
        batch = pad(TEXTS)
        thoughts = draw_thoughts(model, batch.ids, torch.Generator().manual_seed(3))
        before, rows = run(model, batch.ids, thoughts, 3)
        for b, text in enumerate(TEXTS):
            for p in range(len(text) - 2):
                own = [model.start_vector()[None], model.embed(thoughts[b, p]), model.end_vector()[None],
                       model.embed(torch.tensor(text[p + 1:p + 3]))]
                x = torch.cat([model.embed(torch.tensor(text[:p + 1])), *own])[None]
                places = torch.arange(x.shape[1])
                states = model.model.norm(model.run_layers(
                    x, 0, 4, KvCache(4), places[None], (places[None, :] > places[:, None])[None]))[0]
                self.assertLess((states[p] - before[b, p]).abs().max().item(), 1e-4)
                self.assertLess((states[p + 1:] - rows[b, p]).abs().max().item(), 1e-4)

    @torch.no_grad()
    def test_thoughts_do_not_see_one_another(self):
        model, batch = thinker(2), pad(TEXTS)
        thoughts = draw_thoughts(model, batch.ids, torch.Generator().manual_seed(3))
        other = thoughts.clone()
        other[0, 2] = 99
        first, second = run(model, batch.ids, thoughts, 2)[1], run(model, batch.ids, other, 2)[1]
        self.assertFalse(torch.equal(first[0, 2], second[0, 2]))
        second[0, 2] = first[0, 2]
        self.assertTrue(torch.allclose(first, second, atol=1e-6))

    @torch.no_grad()
    def test_drawing_in_training_and_generation_think_the_same(self):
        model, prompt = thinker(3), [1, 20, 30, 40]
        done = generate(model, [prompt], 2, 1)[0]
        self.assertEqual(done.thoughts[0], draw_thoughts(model, torch.tensor([prompt]), None, greedy=True)[0, -1].tolist())
        thoughts = torch.tensor(done.thoughts[0]).expand(1, 4, -1)
        before, rows = run(model, torch.tensor([prompt]), thoughts, 1)
        states, weight = model.mix(before[0, -1], rows[0, -1, -1])
        self.assertAlmostEqual(weight.item(), done.weights[0], places=4)
        self.assertLess((model.lm_head(states) - done.first_answer_logits).abs().max().item(), 1e-3)


class GenerationTests(unittest.TestCase):
    def test_batches_say_what_each_prompt_alone_says(self):
        model = thinker(4)
        prompts = [[1, 20, 30], [1, 5, 6, 7, 8], [1, 77]]
        for prompt, together in zip(prompts, generate(model, prompts, 2, 6)):
            alone = generate(model, [prompt], 2, 6)[0]
            self.assertEqual((together.answer, together.thoughts), (alone.answer, alone.thoughts))
            self.assertEqual(len(alone.thoughts), len(alone.answer))

    def test_a_thought_without_weight_leaves_no_trace(self):
        model = thinker(5, weight=False)
        thinking, plain = (generate(model, [[1, 20, 30]], 2, 10, on)[0] for on in (True, False))
        self.assertEqual(thinking.answer, plain.answer)
        self.assertTrue(torch.equal(thinking.first_answer_logits, plain.first_answer_logits))
        self.assertEqual(set(thinking.weights), {0.0})

    def test_thought_tokens_are_never_thought_nor_said(self):
        model = thinker(6)
        with torch.no_grad():
            model.lm_head.weight[-2:] *= 30
        done = generate(model, [[1, token] for token in range(20, 40)], 2, 8)
        for result in done:
            self.assertLess(max(result.answer), VOCABULARY - 2)
            self.assertLess(max(map(max, result.thoughts)), VOCABULARY - 2)


class LossTests(unittest.TestCase):
    def test_without_weight_thinking_changes_no_loss(self):
        model, batch = thinker(7, weight=False), pad(TEXTS)
        plain, mixed, _, _ = future_losses(model, batch, draw_thoughts(model, batch.ids, None, True), 3)
        for i in range(3):
            self.assertTrue(torch.allclose(mixed[i, 0, :6 - i], plain[0, i:6], atol=1e-5))
            self.assertEqual(mixed[i, 1, 3 - i:].abs().max().item(), 0.0)
        self.assertAlmostEqual(plain_loss(model, batch).item(), (plain.sum() / 9).item(), places=4)

    def test_gradients_reach_what_the_published_code_trains(self):
        model = thinker(8)
        parts = losses(model, pad(TEXTS), 2, 1.0, torch.Generator().manual_seed(0))
        torch.stack([*parts.values()]).sum().backward()
        for parameter in (model.start_embedding, model.end_embedding):
            self.assertGreater(parameter.grad[0].abs().max().item(), 0)
            self.assertEqual(parameter.grad[1].abs().max().item(), 0)
        self.assertGreater(model.talk_head[0][4].weight.grad.abs().max().item(), 0)

    def test_only_better_than_usual_thoughts_are_reinforced(self):
        model, batch = thinker(9), pad(TEXTS)
        alone = losses(model, batch, 1, 1.0, torch.Generator().manual_seed(0))
        several = losses(model, batch, 2, 1.0, torch.Generator().manual_seed(0))
        self.assertGreaterEqual(alone["policy"].item(), 0)
        self.assertGreater(several["policy"].item(), 0)
        still = losses(thinker(9, weight=False), batch, 2, 1.0, torch.Generator().manual_seed(0))
        self.assertAlmostEqual(still["policy"].item(), 0.0, places=5)


class RecipeTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        (self.root / "base").mkdir()
        self.kept, train.loop.RUNS = train.loop.RUNS, self.root / "runs"

    def tearDown(self):
        train.loop.RUNS = self.kept
        self.folder.cleanup()

    def recipe(self, out: str = "out", *more: str) -> Path:
        train.main(["--base", str(self.root / "base"), "--out", str(self.root / out), "--steps", "2", "--batch", "2",
                    "--n-ahead", "5", "--n-ahead-talk", "2", "--evaluate", "0", *more])
        return self.root / out

    def test_the_checkpoint_has_the_published_names_and_keys(self):
        base = write_base(self.root / "base", tied=True, kv_heads=1)
        out, words = self.recipe(), base.config.vocab_size
        tensors, config = checkpoint.read_tensors(out), checkpoint.read_config(out)
        d = base.config.hidden_size
        for name, shape in {"start_embedding": (2, d), "end_embedding": (2, d), "talk_head.0.0.weight": (d, 2 * d),
                            "talk_head.0.0.bias": (d,), "talk_head.0.2.weight": (d, d), "talk_head.0.2.bias": (d,),
                            "talk_head.0.4.weight": (1, d), "model.embed_tokens.weight": (words + 2, d)}.items():
            self.assertEqual(tuple(tensors[name].shape), shape, name)
        self.assertNotIn("talk_head.0.4.bias", tensors)
        self.assertEqual(config["thinking"], {"method": "quiet_star", "n_ahead": 5, "sampled_thought_tokens": 2,
                                              "embedding_scale": 2.0, "base_vocab_size": words})
        self.assertTrue(config["use_weighted_talk_head"] and config["use_concat_talk_head"])
        added = {t["content"] for t in json.loads((out / "tokenizer.json").read_text())["added_tokens"]}
        self.assertLessEqual({"<|startthought|>", "<|endthought|>"}, added)
        model, form = load(out)
        self.assertEqual((model.settings.n_ahead_talk, form.template), (2, "<bos>{}"))
        self.assertGreater(perplexity(model, form, held_out(2)["sum of 1"])["answer on"], 1.0)

    def test_the_control_is_trained_without_thoughts(self):
        write_base(self.root / "base")
        tensors = checkpoint.read_tensors(self.recipe("control", "--variant", "control"))
        self.assertEqual(tensors["talk_head.0.4.weight"].abs().max().item(), 0.0)
        self.assertEqual(set(measure(*load(self.root / "control"), 2, thinking=False)["sum of 1"]), {"off", "text off", "answer off"})

    def test_a_base_is_measured_with_w_0(self):
        write_base(self.root / "base")
        model, form = load(self.root / "base")
        found = perplexity(model, form, held_out(2)["sum of 2"])
        self.assertEqual((found["weight"], found["answer on"]), (0.0, found["answer off"]))


class DataTests(unittest.TestCase):
    def test_held_out_problems_are_of_the_asked_kinds(self):
        import random
        sets = held_out(5)
        self.assertEqual(set(sets), set(KINDS))
        for kind, problems in sets.items():
            self.assertEqual({problem.operations for problem in problems}, {int(kind[-1])})
            self.assertEqual(len({problem.text for problem in problems}), 5)
        training = {stories(random.Random(i))[0] for i in range(300)}
        self.assertFalse(training & {problem.text for problems in sets.values() for problem in problems})
