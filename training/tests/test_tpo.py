import json
import random
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch

from ..common import checkpoint
from ..common.base import Base
from ..common.decoder import Decoder
from ..common.format import PLAIN_PROMPT, Format
from ..common.generate import one
from ..common.sampling import choose, sample
from ..tpo import pairs as scoring
from ..tpo import train
from ..tpo.dpo import Pair, log_probabilities, loss
from ..tpo.evaluate import load
from ..tpo.export import export, thinking_block
from ..tpo.pairs import Scored, pairs_of
from ..tpo.prompts import DIRECT, GENERIC, SPECIFIC, Output, split
from .fixtures import TOKENIZER, small_model, write_base

EOS = TOKENIZER.added["<eos>"]


class SplitTests(unittest.TestCase):
    def test_markers_and_the_white_space_after_them_are_no_part_of_anything(self):
        text = " Here is my thought process:\n3+4=7\n\nHere is my response:\nIt is 7."
        self.assertEqual(split(text, GENERIC), Output(" 3+4=7\n\n", "It is 7."))

    def test_the_other_spelling_counts(self):
        self.assertEqual(split("Here's my thought process: a Here's my response: b", GENERIC), Output("a ", "b"))

    def test_a_marker_in_the_answer_is_text(self):
        self.assertEqual(split("a<R> b <R> c", SPECIFIC), Output("a", "b <R> c"))

    def test_outputs_without_thought_answer_or_text_do_not_parse(self):
        for text in ("It is 7.", "Here is my thought process: 3+4=7", "Here is my response: 7",
                     "Here is my thought process: a Here is my response: \n"):
            self.assertIsNone(split(text, GENERIC).answer, text)
        self.assertEqual(split("It is 7.", DIRECT), Output("", "It is 7."))


class PairTests(unittest.TestCase):
    def scored(self, *scores) -> list[Scored]:
        return [Scored([i], Output("", "a"), value) for i, value in enumerate(scores)]

    def test_best_against_worst(self):
        self.assertEqual(pairs_of(self.scored(0.2, 0.9, 0.1), random.Random(0), 0.0), [([1], [2])])

    def test_equal_scores_say_nothing(self):
        self.assertEqual(pairs_of(self.scored(1.0, 1.0), random.Random(0), 0.0), [])
        self.assertEqual(pairs_of(self.scored(None, None), random.Random(0), 1.0), [])

    def test_what_does_not_parse_is_rejected_as_often_as_asked(self):
        samples = self.scored(1.0, None, 1.0)
        found = [pairs_of(samples, random.Random(seed), 0.25) for seed in range(400)]
        self.assertTrue(all(pair[1] == [1] for pairs in found for pair in pairs))
        self.assertAlmostEqual(sum(map(bool, found)) / 400, 0.25, delta=0.08)

    def test_rewards_look_at_the_answer_alone(self):
        self.assertEqual(scoring.exact(" It is 7. ", "It is 7."), 1.0)
        self.assertEqual(scoring.exact("It is 7", "It is 7."), 0.0)
        self.assertEqual(scoring.last_number("so 3, then 1,007.", "#### 1007"), 1.0)
        self.assertEqual(scoring.last_number("none", "1"), 0.0)


class SamplingTests(unittest.TestCase):
    def test_greedy_batches_say_what_each_prompt_alone_says(self):
        model = small_model(2, kv_heads=1)
        prompts = [[1, 20, 30], [1, 5, 6, 7, 8, 9, 40], [1, 77]]
        together = sample(model, prompts, 2, EOS, 12)
        for prompt, outputs in zip(prompts, together):
            alone = one(model, prompt, EOS, 12).answer
            self.assertEqual(outputs, [alone, alone])

    def test_rows_that_end_leave_the_others_as_they_were(self):
        model = small_model(4)
        prompts = [[1, token] for token in range(20, 32)]
        ends = one(model, prompts[0], EOS, 3).answer[1]  # a token that some rows reach early
        together = sample(model, prompts, 1, ends, 10)
        self.assertGreater(len({len(outputs[0]) for outputs in together}), 1)
        for prompt, (output,) in zip(prompts, together):
            self.assertEqual(output, one(model, prompt, ends, 10).answer)

    def test_draws_stay_in_the_nucleus_and_repeat_with_the_seed(self):
        logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).repeat(500, 1)
        drawn = choose(logits, 1.0, 0.8, torch.Generator().manual_seed(1))
        self.assertEqual(set(drawn.tolist()), {0, 1})
        self.assertAlmostEqual((drawn == 0).float().mean().item(), 0.625, delta=0.07)
        again = choose(logits, 1.0, 0.8, torch.Generator().manual_seed(1))
        self.assertTrue(torch.equal(drawn, again))


class DpoTests(unittest.TestCase):
    pairs = [Pair([1, 20, 21], [30, 31, EOS], [32, EOS]), Pair([1, 9], [40, EOS], [41, 42, 43, EOS])]

    def test_log_probabilities_are_sums_over_the_output(self):
        model = small_model(5)
        found = log_probabilities(model, self.pairs)
        for i, pair in enumerate(self.pairs):
            for row, output in enumerate((pair.chosen, pair.rejected)):
                ids = torch.tensor(pair.prompt + output)
                states = model.run_packed(model.embed(ids), 0, 4, torch.tensor([len(ids)]))
                logs = model.logits(states).log_softmax(-1)
                expected = sum(logs[at - 1, ids[at]] for at in range(len(pair.prompt), len(ids)))
                self.assertAlmostEqual(found[row, i].item(), expected.item(), places=3)

    def test_the_loss_starts_at_log_2_and_falls(self):
        model = small_model(6)
        reference = log_probabilities(model, self.pairs).detach()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        first = loss(model, self.pairs, reference, 0.1)
        self.assertAlmostEqual(first["dpo"].item(), 0.6931, places=3)
        self.assertAlmostEqual(first["margin"].item(), 0.0, places=5)
        self.assertEqual(first["nll"].item(), 0.0)
        spoken = -(reference[0] / torch.tensor([3, 2])).mean().item()
        self.assertAlmostEqual(loss(model, self.pairs, reference, 0.1, 0.5)["nll"].item(), 0.5 * spoken, places=4)
        for _ in range(5):
            optimizer.zero_grad()
            loss(model, self.pairs, reference, 0.1)["dpo"].backward()
            optimizer.step()
        last = loss(model, self.pairs, reference, 0.1)
        self.assertLess(last["dpo"].item(), 0.6931)
        self.assertEqual(last["ordered"].item(), 1.0)


class RecipeTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.base = self.root / "base"
        self.base.mkdir()
        write_base(self.base, shards=2, tied=True, kv_heads=1)
        self.kept, train.loop.RUNS = train.loop.RUNS, self.root / "runs"

    def tearDown(self):
        train.loop.RUNS = self.kept
        self.folder.cleanup()

    def run_recipe(self, out: str, name: str, stop: Exception | None = None) -> None:
        data = self.root / "data.jsonl"
        data.write_text("".join(json.dumps({"question": f"What is {i}?", "answer": "x"}) + "\n" for i in range(40)))
        given = ["--base", str(self.base), "--out", str(self.root / out), "--name", name, "--data", str(data),
                 "--prompt", "direct", "--reward", "even", "--instructions", "64", "--samples", "4", "--max-output", "5",
                 "--steps", "3", "--batch", "2", "--top-p", "1.0", "--temperature", "2.0", "--learning-rate", "1e-3"]
        usable = lambda output, prompt: Output("", output)  # noqa: E731
        with mock.patch.dict(train.REWARDS, even=lambda answer, expected: float(len(answer) % 2)), \
                mock.patch.object(train, "split", usable), \
                mock.patch.object(train, "score", lambda ids, output, expected, reward, ended: Scored(
                    ids, output, reward(output.answer, expected))):
            if stop is None:
                train.main(given)
                return
            with mock.patch.object(train, "optimise", side_effect=stop), self.assertRaises(type(stop)):
                train.main(given)

    def test_a_killed_run_ends_where_an_unbroken_one_does(self):
        self.run_recipe("whole", "a")
        self.run_recipe("resumed", "b", stop=KeyboardInterrupt())
        half = self.root / "runs/b/1/samples.jsonl"
        half.write_text(half.read_text()[:-200])  # the kill came in the middle of the second chunk
        self.run_recipe("resumed", "b")
        whole, resumed = checkpoint.read_tensors(self.root / "whole"), checkpoint.read_tensors(self.root / "resumed")
        before = checkpoint.read_tensors(self.base)
        for tensor_name, tensor in whole.items():
            self.assertTrue(torch.equal(tensor, resumed[tensor_name]), tensor_name)
        self.assertFalse(torch.equal(whole["model.norm.weight"], before["model.norm.weight"])
                         and torch.equal(whole["model.embed_tokens.weight"], before["model.embed_tokens.weight"]))

    def test_the_checkpoint_says_how_it_thinks(self):
        base, out = Base(self.base), self.root / "tpo"
        model = Decoder(base.config)
        base.load_into(model)
        export(model, base, out, GENERIC, 64)
        block = json.loads((out / "config.json").read_text())["thinking"]
        self.assertEqual((block["method"], block["thought_prompt"], block["starts_in_thought"]), ("tpo", "generic", False))
        self.assertEqual(block["answer_markers"], ["Here is my response:", "Here's my response:"])
        self.assertNotIn("prompt_template", block)
        prompt = "Ada has 3 apples."
        self.assertEqual(load(str(out))[1].prompt(prompt), base.format.prompt(prompt))

    def test_a_base_without_a_chat_template_brings_its_prompt(self):
        form = Format(TOKENIZER, EOS, "<bos>" + PLAIN_PROMPT)
        block = thinking_block(SPECIFIC, form, 9)
        self.assertEqual((block["prompt_template"], block["thought_prompt"]), ("Question: {input}\nAnswer:", "specific"))
        self.assertTrue(block["starts_in_thought"])

    def test_a_run_without_pairs_says_so(self):
        with self.assertRaisesRegex(ValueError, "No pair"):
            train.optimise(small_model(0), [], "none", train.arguments(["--base", "x"]), 1)
