import json
import tempfile
import unittest
from pathlib import Path

import torch
from torch.nn import functional as F

from ..bitune import train
from ..bitune.evaluate import answers, load
from ..bitune.golden import answer_one
from ..bitune.model import Bitune, BituneSettings, PassScale, Reader, answer_loss, pack
from ..common import checkpoint, fused, lora, safetensors
from .fixtures import small_model, write_base

EOS = 2
PAIRS = [([10, 11, 12, 13, 14], [30, 31, EOS]), ([15, 16], [32, EOS]), ([17, 18, 19], [33, 34, 35, EOS])]


def random_bitune(variant: str = "bitune", seed: int = 0, settings: BituneSettings | None = None, **changes) -> Bitune:
    """Adapters with random A and B, and shares of their own in every layer."""
    model = Bitune(small_model(seed, **changes), 4, 8, settings or BituneSettings(), variant)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.15)
            if "pass_scale" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.02)
    return model


class MethodTests(unittest.TestCase):
    def test_training_sees_what_three_separate_forwards_compute(self):
        for variant in ("bitune", "causal", "unmixed", "lora"):
            model = random_bitune(variant, kv_heads=1)
            reader = Reader(model)
            expected = []
            for prompt, answer in PAIRS:
                cache = reader.read(torch.tensor([prompt[:-1]]), torch.zeros(1, dtype=torch.int64))
                ids = torch.tensor([prompt[-1:] + answer[:-1]])
                start = len(prompt) - 1
                positions = torch.arange(start, start + ids.shape[1])
                hidden = torch.arange(start + ids.shape[1])[None, :] > positions[:, None]
                states = reader.causal.run_layers(
                    reader.causal.embed(ids), 0, 4, cache, positions[None], hidden[None])
                expected.append(F.cross_entropy(
                    reader.causal.logits(states[0]), torch.tensor(answer), reduction="sum"))
            tokens = sum(len(answer) for _, answer in PAIRS)
            self.assertAlmostEqual(answer_loss(model, pack(PAIRS)).item(), (sum(expected) / tokens).item(), places=4)

    def test_without_a_share_of_the_second_reading_it_is_plain_lora(self):
        model = random_bitune()
        with torch.no_grad():
            model.pass_scale_k.weight.zero_()
            model.pass_scale_v.weight.zero_()
        plain = Bitune(model.base, 4, 8, BituneSettings(), "lora")
        plain.causal = model.causal
        for prompt, _ in PAIRS:
            one, two = (answer_one(Reader(m), prompt, EOS, 4) for m in (model, plain))
            self.assertEqual(one.answer, two.answer)
            self.assertTrue(torch.equal(one.first_logits, two.first_logits))

    def test_equal_adapters_and_a_causal_mask_make_the_shares_irrelevant(self):
        model = random_bitune("causal")
        model.prefill = model.causal
        plain = Bitune(model.base, 4, 8, BituneSettings(), "lora")
        plain.causal = model.causal
        batch = pack(PAIRS)
        torch.testing.assert_close(answer_loss(model, batch), answer_loss(plain, batch))

    def test_the_second_reading_sees_later_tokens_the_first_does_not(self):
        model = random_bitune()
        reader, none = Reader(model), torch.zeros(1, dtype=torch.int64)
        ids = [10, 11, 12, 13]
        one, two = (reader.read(torch.tensor([given]), none) for given in (ids, ids[:-1] + [14]))
        self.assertTrue(torch.equal(one.keys[0][0, :, 0], two.keys[0][0, :, 0]), "layer 0 is the token itself")
        self.assertFalse(torch.equal(one.keys[1][0, :, 0], two.keys[1][0, :, 0]))
        model.variant = "causal"
        one, two = (reader.read(torch.tensor([given]), none) for given in (ids, ids[:-1] + [14]))
        self.assertTrue(torch.equal(one.keys[3][0, :, 0], two.keys[3][0, :, 0]))

    def test_skip_bidir_chooses_the_layers_without_a_mask(self):
        unmasked = [[BituneSettings(skip_bidir=n).unmasked(layer) for layer in range(4)] for n in (0, 3, -1)]
        self.assertEqual(unmasked, [[True] * 4, [False, False, False, True], [True, False, False, False]])

    def test_shares_follow_the_published_formulas(self):
        theta = torch.tensor([0.01, -0.03, 0.0])
        for kind, expected in ((607, [0.5, 0.75, 0.0]), (800, [0.5, 0.75, 0.0]), (801, [0.5, 0.0, 0.0])):
            scale = PassScale(3, 0.01, kind)
            torch.testing.assert_close(scale.alpha(), torch.full((3,), 0.5), msg="one half at the start")
            with torch.no_grad():
                scale.weight.copy_(theta)
            torch.testing.assert_close(scale.alpha(), torch.tensor(expected))
        with self.assertRaisesRegex(ValueError, "611"):
            PassScale(3, 0.01, 611)

    def test_gradients_reach_both_adapters_and_the_shares_but_not_the_base(self):
        model = random_bitune()
        answer_loss(model, pack(PAIRS)).backward()
        for name, parameter in model.named_parameters():
            if name.startswith("base."):
                self.assertIsNone(parameter.grad, name)
            elif "prefill" not in name or not name.endswith(("3/self_attn/q_proj", "3/self_attn/o_proj")) and "3/mlp" not in name:
                # The second reading ends with the keys and values of the last layer.
                self.assertGreater(parameter.grad.abs().sum().item(), 0, name)

    def test_fused_kernels_give_the_loss_and_gradients_of_plain_pytorch(self):
        if fused.library() is None:
            self.skipTest("no compiler for the fused kernels")
        grown, usable = [], fused.usable
        try:
            for choice in (usable, lambda x: False):
                fused.usable = choice
                model = random_bitune(hidden_size=64, head_dim=32)
                with torch.autocast("cpu", torch.bfloat16):
                    loss = answer_loss(model, pack(PAIRS))
                loss.backward()
                grown.append((loss.item(), {n: p.grad for n, p in model.named_parameters() if p.grad is not None}))
        finally:
            fused.usable = usable
        (one, first), (two, second) = grown
        self.assertAlmostEqual(one, two, delta=0.03)
        whole = [torch.cat([grad.flatten() for grad in grads.values()]) for grads in (first, second)]
        self.assertLess(((whole[0] - whole[1]).norm() / whole[1].norm()).item(), 0.05)

    def test_a_batch_says_what_each_prompt_says_alone(self):
        for variant in ("bitune", "unmixed", "lora"):
            reader = Reader(random_bitune(variant, seed=2))
            prompts = [prompt for prompt, _ in PAIRS]
            for prompt, said in zip(prompts, answers(reader, prompts, EOS)):
                alone = answer_one(reader, prompt, EOS)
                self.assertEqual([token for token in alone.answer if token != EOS], said)


class DirectoryTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.base, self.out = Path(self.folder.name) / "base", Path(self.folder.name) / "out"
        self.base.mkdir()

    def tearDown(self):
        self.folder.cleanup()

    def fine_tune(self, *more: str) -> dict:
        train.loop.RUNS, kept = Path(self.folder.name) / "runs", train.loop.RUNS
        try:
            return train.main(["--base", str(self.base), "--out", str(self.out), "--steps", "2", "--batch", "2",
                               "--evaluate", "3", *more])
        finally:
            train.loop.RUNS = kept

    def test_a_sharded_tied_base_becomes_a_directory_in_the_published_layout(self):
        write_base(self.base, shards=2, tied=True, kv_heads=1)
        result = self.fine_tune("--skip-bidir", "1")
        config = checkpoint.read_config(self.out)
        self.assertEqual([config[key] for key in ("pass_type", "s_init", "skip_bidir", "think_tokens", "ablation")],
                         [607, 0.01, 1, 0, 0])
        root, _ = safetensors.load(self.out / "adapter_model.safetensors")
        self.assertEqual(root["base_model.model.model.layers.3.mlp.down_proj.lora_A.weight"].shape, (8, 64))
        self.assertEqual(root["base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight"].shape, (16, 8))
        self.assertEqual(root["base_model.model.pass_scale_k.weight"].dtype, torch.float32)
        self.assertTrue((self.out / "prefill" / "adapter_config.json").exists())
        described = json.loads((self.out / "adapter_config.json").read_text())
        self.assertEqual(described["base_model_name_or_path"], "../base")
        reader, form = load(self.out)
        self.assertEqual(reader.model.settings.skip_bidir, 1)
        self.assertEqual(result, self.fine_tune("--skip-bidir", "1"), "the run resumes at its end")

    def test_what_is_loaded_is_what_was_written(self):
        write_base(self.base)
        from ..base.evaluate import load as load_base
        from ..bitune.evaluate import read
        from ..bitune.export import export
        base, _ = load_base(self.base)
        model = random_bitune()
        model.base = base
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_" in name:
                    parameter.copy_(parameter.bfloat16())
        export(model, self.out, "../base", checkpoint.read_config(self.base))
        again = read(self.out, base)
        for name, parameter in model.named_parameters():
            self.assertTrue(torch.equal(parameter, dict(again.named_parameters())[name]), name)

    def test_plain_lora_is_one_adapter_and_no_config(self):
        write_base(self.base)
        self.fine_tune("--variant", "lora")
        self.assertEqual(sorted(path.name for path in self.out.iterdir()),
                         ["adapter_config.json", "adapter_model.safetensors"])
        reader, form = load(self.out)
        self.assertEqual(reader.model.variant, "lora")
        adapter, extra = lora.load(self.out, reader.model.base)
        self.assertEqual((adapter.rank, extra), (8, {}))

    def test_a_control_that_is_no_bitune_checkpoint_is_not_written(self):
        write_base(self.base)
        with self.assertRaisesRegex(ValueError, "causal"):
            self.fine_tune("--variant", "causal")
