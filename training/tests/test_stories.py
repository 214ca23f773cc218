import random
import re
import unittest

from ..common.stories import evaluation_set, is_held_out, tell


class StoryTests(unittest.TestCase):
    def test_training_never_sees_a_held_out_chain(self):
        rng = random.Random(1)
        problems = [tell(rng, held_out=False) for _ in range(3000)]
        self.assertFalse(any(is_held_out(problem.chain) for problem in problems))
        self.assertTrue(all(is_held_out(problem.chain) for problem in evaluation_set(60)))

    def test_the_held_out_chains_are_the_same_on_every_machine(self):
        chains = ("25+4-18", "10+4", "24+18-10", "38*2+9+6", "2+26+6", "3+4", "9*3-2")
        self.assertEqual([*filter(is_held_out, chains)], ["10+4", "24+18-10", "38*2+9+6", "2+26+6"])

    def test_the_evaluation_set_is_the_same_every_time(self):
        self.assertEqual(evaluation_set(30), evaluation_set(30))
        self.assertEqual(evaluation_set(30), evaluation_set(60)[:30])
        self.assertNotEqual(evaluation_set(30), evaluation_set(30, seed=1))

    def test_the_working_is_true_and_stays_within_bounds(self):
        rng = random.Random(2)
        for _ in range(2000):
            previous = None
            for equation in tell(rng, False).thought.split(";"):
                left, right = equation.split("=")
                self.assertEqual(eval(left.replace("/", "//")), int(right))  # digits and one sign, written by us
                self.assertTrue(1 <= int(right) <= 99)
                first = int(re.match(r"\d+", left).group())
                self.assertTrue(previous in (None, first))
                previous = int(right)

    def test_answers_follow_from_the_text(self):
        """Answers are checked against an independent reading of start, end and the number asked about."""
        rng = random.Random(3)
        for _ in range(2000):
            problem = tell(rng, False, questions=("change",))
            start = int(re.match(r"\d+", problem.chain).group())
            end = int(problem.thought.rsplit("=", 1)[1])
            far = re.search(r", (\d+) (more|fewer)\.", problem.answer)
            if far is None:
                self.assertEqual(start, end)
            else:
                self.assertEqual(end - start, int(far.group(1)) * (1 if far.group(2) == "more" else -1))
