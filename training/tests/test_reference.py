"""Against values that others computed; needs the environment variable REFERENCE_DATA (a folder of published inputs)."""

import json
import os
import unittest
from pathlib import Path

import torch

from ..common import checkpoint
from ..common.bpe import Tokenizer
from ..common.decoder import Decoder, DecoderConfig

DATA = Path(os.environ.get("REFERENCE_DATA", "not set"))


@unittest.skipUnless(DATA.is_dir(), "REFERENCE_DATA is not set")
class ReferenceTests(unittest.TestCase):
    def test_published_tokenizers_give_the_published_ids(self):
        tokenizers = {name: Tokenizer.load(DATA / "tokenizers" / name) for name in ("gpt2", "llama3.1", "qwen3")}
        for line in (DATA / "vectors" / "tokenizers.jsonl").read_text(encoding="utf-8").splitlines():
            vector = json.loads(line)
            if vector["tokenizer"] in tokenizers:
                ids = tokenizers[vector["tokenizer"]].encode(vector["text"])
                # Rows that include the tokenizer's own leading special token hold one id more.
                self.assertIn(ids, (vector["ids"], vector["ids"][1:]), vector["text"])

    def test_a_trained_llama_gives_the_float64_logits(self):
        directory = DATA / "weights" / "stories260K" / "hf"
        model = Decoder(DecoderConfig.from_hf(checkpoint.read_config(directory)))
        tensors = checkpoint.read_tensors(directory)
        model.load_state_dict(tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"]})
        for case in json.loads((directory.parent / "reference_fp64.json").read_text())["refs"]:
            ids = torch.tensor(case["ids"])
            with torch.no_grad():
                h = model.run_packed(model.embed(ids), 0, model.config.layers, torch.tensor([len(ids)]))
                torch.testing.assert_close(model.logits(h[-1]), torch.tensor(case["last_logits"]), rtol=1e-4, atol=1e-4)
