import tempfile
import unittest
from pathlib import Path

import torch

from ..common import loop
from ..common.stories import tell
from ..common.story_tokenizer import story_format
from ..tas.model import losses
from ..tas.train import step_batch, stories
from .fixtures import TOKENIZER, small_model


class ResumeTests(unittest.TestCase):
    def test_a_killed_run_ends_where_an_unbroken_one_does(self):
        schedule = loop.Schedule(12, warm_up=3, save_every=4, report_every=2)
        form = story_format(TOKENIZER)

        def run(folder: str, stops: list[int | None]):
            for stop in stops:
                model = small_model(3)  # a new process starts from the same initial weights
                loop.train("r", model, schedule, lambda step: losses(
                    model, step_batch(stories(("end", "change")), form, 3, 0, step, 12, 2, 0.1, 256)), Path(folder), stop, say=lambda _: None)
            return model, loop.read_curve(Path(folder) / "r")

        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            whole, curve = run(one, [None])
            resumed, resumed_curve = run(two, [3, 7, 10, None])
        for (name, expected), actual in zip(whole.named_parameters(), resumed.parameters()):
            self.assertTrue(torch.equal(expected, actual), name)
        self.assertEqual(curve, resumed_curve)
        self.assertEqual([row["step"] for row in curve], [2, 4, 6, 8, 10, 12])

    def test_the_rate_warms_up_and_falls_to_its_floor(self):
        schedule = loop.Schedule(1000, learning_rate=1.0, warm_up=100, final=0.1)
        self.assertAlmostEqual(schedule.rate(0), 0.01)
        self.assertAlmostEqual(schedule.rate(100), 1.0)
        self.assertAlmostEqual(schedule.rate(550), 0.55)
        self.assertAlmostEqual(schedule.rate(1000), 0.1)
