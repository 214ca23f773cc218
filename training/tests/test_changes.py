import random
import re
import unittest

from ..common.changes import REQUESTS, evaluation_set, request
from ..common.stories import is_held_out

_LOSS = re.compile(r"loses|gives (?!(him|her))|sells|break|drops", re.IGNORECASE)


class ChangeTests(unittest.TestCase):
    def test_answers_follow_from_the_sentences_of_the_story(self):
        rng = random.Random(0)
        for _ in range(400):
            item = request(rng, held_out=False, invented=0.0)
            steps = re.split(r"(?<=\.) ", item.text)[1:1 + item.size]
            changes = []
            for step in steps:
                number = int(re.search(r"\d+", step).group())
                changes.append(("-" if _LOSS.search(step) else "+") + str(number))
            size = lambda change: abs(int(change))  # noqa: E731
            expected = {
                "told": changes, "backwards": changes[::-1], "gains": [c for c in changes if c[0] == "+"],
                "losses": [c for c in changes if c[0] == "-"], "largest": [max(changes, key=size)],
                "smallest": [min(changes, key=size)], "falling": sorted(changes, key=size, reverse=True),
                "rising": sorted(changes, key=size)}[item.kind]
            self.assertEqual(item.answer, ";".join(expected), item.text)
            self.assertTrue(item.text.endswith(REQUESTS[item.kind]))

    def test_sizes_differ_and_both_signs_occur(self):
        rng = random.Random(1)
        for _ in range(200):
            item = request(rng, held_out=False, kind="rising")
            sizes = [abs(int(change)) for change in item.answer.split(";")]
            self.assertEqual(sizes, sorted(set(sizes)))
            self.assertTrue("+" in item.answer and "-" in item.answer)

    def test_training_and_evaluation_never_meet(self):
        rng = random.Random(2)
        self.assertFalse(any(is_held_out(request(rng, held_out=False).key) for _ in range(200)))
        held_out = evaluation_set(96)
        self.assertTrue(all(is_held_out(item.key) for item in held_out))
        self.assertEqual(len({item.key for item in held_out}), 96)
        self.assertEqual({kind: sum(item.kind == kind for item in held_out) for kind in REQUESTS},
                         dict.fromkeys(REQUESTS, 12))
        self.assertEqual({item.size for item in held_out}, {3, 4, 5})
        self.assertNotIn("all", REQUESTS, "the evaluation calls its total so")
