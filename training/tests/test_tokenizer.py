import json
import random
import unittest

from ..common.bpe import Tokenizer
from ..common.stories import tell
from ..common.words import MEN, THINGS, WOMEN
from .fixtures import TOKENIZER


class TokenizerTests(unittest.TestCase):
    def test_any_text_survives_encoding(self):
        texts = ["", " ", "Zoe has 3 jars.\n\n\tAnd  more…", "naïve 🎉 漢字 x²", "a\r\nb", "<eos> is text here"]
        for text in texts:
            ids = TOKENIZER.encode(text, added_tokens=False)
            self.assertEqual(TOKENIZER.decode(ids), text)
            self.assertTrue(all(i >= 4 for i in ids), "no special token may come from text")

    def test_digits_are_tokens_of_their_own(self):
        self.assertEqual([TOKENIZER.decode([i]) for i in TOKENIZER.encode("12+345=357")], [*"12+345=357"])
        self.assertEqual([TOKENIZER.decode([i]) for i in TOKENIZER.encode(" has 42")], [" has", " 4", "2"])

    def test_every_word_of_the_stories_is_one_token(self):
        for name in MEN + WOMEN:
            self.assertEqual(len(TOKENIZER.encode(name)), 1, name)
            self.assertEqual(len(TOKENIZER.encode(" " + name)), 1, name)
        for one, many in THINGS:
            self.assertEqual((len(TOKENIZER.encode(" " + one)), len(TOKENIZER.encode(" " + many))), (1, 1))

    def test_story_texts_survive_encoding(self):
        rng = random.Random(5)
        for _ in range(200):
            problem = tell(rng, held_out=False, invented=0.3)
            for text in (problem.text, problem.thought, problem.answer):
                self.assertEqual(TOKENIZER.decode(TOKENIZER.encode(text)), text)

    def test_added_tokens_are_found_in_text_only_when_asked(self):
        self.assertIn(TOKENIZER.added["<eos>"], TOKENIZER.encode("a<eos>"))
        self.assertNotIn(TOKENIZER.added["<eos>"], TOKENIZER.encode("a<eos>", added_tokens=False))

    def test_merges_apply_by_rank_and_ids_match_a_hand_worked_case(self):
        # l+o before lo+w; "wl" never merges, so "low" is one token and "owl" is o, w, l.
        letters = {letter: i for i, letter in enumerate("lowes")}
        spec = {"added_tokens": [], "normalizer": None, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
                "model": {"type": "BPE", "vocab": {**letters, "lo": 5, "low": 6, "es": 7}, "merges": [["l", "o"], "lo w", "e s"]}}
        tokenizer = Tokenizer(spec)
        self.assertEqual(tokenizer.encode("low"), [6])
        self.assertEqual(tokenizer.encode("owl"), [1, 2, 0])
        self.assertEqual(tokenizer.encode("lowes"), [6, 7])

    def test_sentencepiece_style_files_are_refused(self):
        spec = {"model": {"type": "BPE", "vocab": {}, "merges": [], "byte_fallback": True}, "pre_tokenizer": None}
        with self.assertRaisesRegex(ValueError, "byte-level"):
            Tokenizer(spec)

    def test_the_file_holds_no_python_only_parts(self):
        self.assertEqual(Tokenizer(json.loads(json.dumps(TOKENIZER.spec))).encode("David"), TOKENIZER.encode("David"))
