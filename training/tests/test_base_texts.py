import json
import random
import re
import tempfile
import unittest
from pathlib import Path

import torch

from ..base import texts, tokenizer, train
from ..base.evaluate import load
from ..common import generate
from ..common.format import read_format, start_ids
from ..common.stories import evaluation_set, is_held_out
from .fixtures import TOKENIZER, small_model, write_base


class TextTests(unittest.TestCase):
    def test_splicing_the_working_out_again_leaves_the_plain_answer(self):
        rng = random.Random(3)
        places = set()
        for _ in range(300):
            problem = texts._problem(rng, "spliced story")
            said = texts.splice(problem, rng)
            before, working, after = said.split(texts.DASHES)
            self.assertEqual(working, problem.thought)
            self.assertEqual(before + after, texts.ANSWER.format(problem.answer))
            places.add(len(before))
        self.assertGreater(len(places), 10)

    def test_every_kind_is_drawn_and_the_early_shares_hold_more_sums(self):
        def count(progress: float) -> dict[str, int]:
            rng, kinds = random.Random(0), {}
            for _ in range(1500):
                kind = texts.draw(rng, progress).kind
                kinds[kind] = kinds.get(kind, 0) + 1
            return kinds
        early, later = count(0.0), count(1.0)
        self.assertEqual(set(later), set(texts.LATER))
        self.assertGreater(early["worked sum"], 1.5 * later["worked sum"])

    def test_no_held_out_chain_is_ever_drawn(self):
        rng = random.Random(5)
        for _ in range(500):
            for kind in ("sum", "worked story", "spliced sum"):
                self.assertFalse(is_held_out(texts._problem(rng, kind).chain))

    def test_narrated_counts_are_right(self):
        rng = random.Random(1)
        seen = 0
        for _ in range(300):
            opening, rest = texts.narrate(rng, held_out=False)
            value = int(re.search(r"\d+", opening).group())
            for step, said in re.findall(r"([^.]+)\. ((?:Now|That makes|So)[^.]+)\.", rest):
                number, new = re.search(r"\d+", step), int(re.search(r"\d+", said).group())
                if re.search(r"loses|sells \d|away|drops|break|to a friend", step) and number:
                    self.assertEqual(new, value - int(number.group()))
                    seen += 1
                value = new
        self.assertGreater(seen, 50)


class TokenizerTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tokenizer = tokenizer.train()

    def test_words_of_the_thought_prompt_and_the_markers_are_one_token_each(self):
        text = texts.question(texts.THOUGHT_PROMPT.format("Anna") + texts.SHOW)
        for i in self.tokenizer.encode(text):
            piece = self.tokenizer.decode([i])
            self.assertTrue(not piece.strip().isalpha() or piece in (" a",) or len(piece.strip()) > 1, piece)
        self.assertEqual(len(self.tokenizer.encode(" has---27")), 4)
        self.assertEqual(self.tokenizer.encode(texts.question("x"))[-1], self.tokenizer.encode(":")[0])

    def test_the_recipe_makes_the_tokenizer_of_the_committed_checkpoint(self):
        committed = Path(__file__).parents[2] / "checkpoints" / "base-stories" / "tokenizer.json"
        self.assertEqual(json.loads(committed.read_text(encoding="utf-8")), self.tokenizer.spec)

    def test_the_chat_template_is_the_prompt_of_training(self):
        with tempfile.TemporaryDirectory() as folder:
            tokenizer.write_files(self.tokenizer, folder, 512)
            (Path(folder) / "config.json").write_text("{}")
            form = read_format(folder)
            self.assertEqual(form.prompt("How many?"), tokenizer.base_format(self.tokenizer).prompt("How many?"))
            self.assertEqual(start_ids(folder, form.tokenizer), [form.tokenizer.added["<bos>"]])
            parts = form.tokenizer.encode(texts.question("How many?"))
            self.assertEqual(form.prompt("How many?"), [form.tokenizer.added["<bos>"], *parts])


class TrainingTests(unittest.TestCase):
    def test_positions_cover_questions_and_answers_but_not_the_turn_before(self):
        form = tokenizer.base_format(TOKENIZER)
        kept, train.draw = train.draw, lambda rng, progress: texts.Text("Anna has", " How many", " apples.", "story")
        try:
            batch = train.step_batch(form, [1], 0, 0, 1, 2, 256)
        finally:
            train.draw = kept
        n = batch.lengths[0]
        ids = batch.ids.tolist()
        self.assertEqual(TOKENIZER.decode([ids[i + 1] for i in batch.asked.tolist()]), " many" * 2)
        self.assertEqual(TOKENIZER.decode([ids[i + 1] for i in batch.said.tolist()][:3]), " apples.<eos>")
        self.assertEqual(batch.lengths.tolist(), [n, n])

    def test_a_base_in_hugging_face_layout_is_continued_and_resumes(self):
        with tempfile.TemporaryDirectory() as folder:
            base, out = Path(folder) / "base", Path(folder) / "out"
            base.mkdir()
            write_base(base, shards=2, tied=True)
            train.loop.RUNS, kept = Path(folder) / "runs", train.loop.RUNS
            try:
                given = ["--base", str(base), "--out", str(out), "--steps", "2", "--batch", "2", "--evaluate", "3"]
                result = train.main(given)
                again = train.main(given)
            finally:
                train.loop.RUNS = kept
            self.assertEqual(result, again)
            self.assertEqual(set(result), {"direct", "worked", "thought prompt", "format", "look-up"})
            model, form = load(out)
            self.assertTrue(json.loads((out / "config.json").read_text())["tie_word_embeddings"])
            prompts = [form.prompt(problem.text) for problem in evaluation_set(3)]
            for prompt, said in zip(prompts, generate.many(model, prompts, form.eos, 5)):
                alone = generate.one(model, prompt, form.eos, 5)
                self.assertEqual([token for token in alone.answer if token != form.eos], said)


class GenerateTests(unittest.TestCase):
    def test_a_cached_continuation_is_one_forward_over_the_whole_sequence(self):
        model = small_model(3)
        prompt = [10, 20, 30, 40]
        done = generate.one(model, prompt, 2, 6)
        ids = torch.tensor(prompt + done.answer)
        states = model.run_packed(model.embed(ids), 0, model.config.layers, torch.tensor([len(ids)]))
        logits = model.logits(states)[len(prompt) - 1:-1]
        torch.testing.assert_close(done.first_logits, logits[0])
        self.assertEqual(done.answer, logits.argmax(-1).tolist())
        best = logits.topk(2).values
        self.assertAlmostEqual(done.gap, (best[:, 0] - best[:, 1]).min().item(), places=4)
