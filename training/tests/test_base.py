import json
import tempfile
import unittest
from pathlib import Path

import torch

from ..common import checkpoint
from ..common.base import Base
from ..common.decoder import DecoderConfig, rotary_frequencies
from ..common.format import read_format
from ..tas import train
from ..tas.evaluate import load
from ..tas.inference import think_then_speak
from .fixtures import small_config, write_base


class BaseTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.base, self.out = Path(self.folder.name) / "base", Path(self.folder.name) / "out"
        self.base.mkdir()

    def tearDown(self):
        self.folder.cleanup()

    def fine_tune(self, steps: int = 2) -> dict:
        train.loop.RUNS, kept = Path(self.folder.name) / "runs", train.loop.RUNS
        try:
            train.main(["--base", str(self.base), "--out", str(self.out), "--steps", str(steps), "--batch", "2",
                        "--evaluate", "0"])
        finally:
            train.loop.RUNS = kept
        return json.loads((self.out / "config.json").read_text())

    def test_a_tied_sharded_base_gets_an_untied_thinking_head_and_a_new_token(self):
        model = write_base(self.base, shards=2, tied=True, kv_heads=1)
        config = self.fine_tune(steps=1)
        self.assertEqual(config["thinking"]["thinking_layer"], 2)
        self.assertEqual(config["thinking"]["thought_end_token_id"], model.config.vocab_size)
        self.assertEqual(config["vocab_size"], model.config.vocab_size + 1)
        tensors = checkpoint.read_tensors(self.out)
        self.assertNotIn("lm_head.weight", tensors)
        self.assertEqual(tensors["thinking_head.weight"].shape, tensors["model.embed_tokens.weight"].shape)
        self.assertFalse(torch.equal(tensors["thinking_head.weight"], tensors["model.embed_tokens.weight"]))
        added = {t["content"] for t in json.loads((self.out / "tokenizer.json").read_text())["added_tokens"]}
        self.assertIn("<thought_end>", added)

    def test_the_result_can_be_loaded_and_run(self):
        write_base(self.base)
        self.fine_tune()
        model, form, thought_end = load(self.out)
        done = think_then_speak(model, form.prompt("Ada has 3 apples."), thought_end, form.eos, 4, 4)
        self.assertLessEqual(len(done.thought), 4)
        self.assertEqual(form.template, "<bos>{}")

    def test_the_base_itself_is_unchanged_before_training(self):
        write_base(self.base)
        base = Base(self.base)
        base.token("<thought_end>")
        model = train.TasDecoder(base.config, 2)
        base.load_into(model)
        model.start_thinking_as_speaking()
        stored = checkpoint.read_tensors(self.base)
        for name, tensor in stored.items():
            self.assertTrue(torch.equal(model.state_dict()[name][:len(tensor)], tensor), name)
        self.assertTrue(torch.equal(model.thinking_head.weight, model.lm_head.weight))

    def test_missing_weights_are_an_error(self):
        write_base(self.base)
        config = json.loads((self.base / "config.json").read_text())
        (self.base / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 5}))
        base = Base(self.base)
        with self.assertRaisesRegex(ValueError, "model.layers.4"):
            base.load_into(train.TasDecoder(base.config, 2))

    def test_unknown_architectures_are_refused(self):
        with self.assertRaisesRegex(ValueError, "gpt_neox"):
            DecoderConfig.from_hf(small_config().to_hf() | {"model_type": "gpt_neox"})

    def test_llama3_scaling_keeps_high_and_divides_low_frequencies(self):
        scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                   "original_max_position_embeddings": 8192}
        plain = rotary_frequencies(small_config(head_dim=128, rope_theta=500000.0))
        scaled = rotary_frequencies(small_config(head_dim=128, rope_theta=500000.0, rope_scaling=scaling))
        self.assertEqual(scaled[0], plain[0])
        self.assertAlmostEqual((plain[-1] / scaled[-1]).item(), 8.0, places=9)

    def test_a_chat_template_becomes_the_prompt(self):
        write_base(self.base)
        path = self.base / "tokenizer_config.json"
        settings = json.loads(path.read_text())
        settings["chat_template"] = (
            "{{ bos_token }}{% for m in messages %}<eos>{{ m['role'] }}: {{ m['content'] }}{% endfor %}"
            "{% if add_generation_prompt %}{{ '\\nassistant:' }}{% endif %}")
        path.write_text(json.dumps(settings))
        form = read_format(self.base)
        ids = form.prompt("5 <eos> pens")
        self.assertEqual(ids.count(form.eos), 1, "markers in the question are text, those of the template are tokens")
        self.assertEqual(form.decode(ids), "<bos><eos>user: 5 <eos> pens\nassistant:")
