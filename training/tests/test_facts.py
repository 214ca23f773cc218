import random
import re
import unittest

from ..common.facts import RANKS, HandOvers, Owners, evaluation_set, puzzle
from ..common.stories import is_held_out


class FactTests(unittest.TestCase):
    def test_ranks_and_counts_are_what_the_text_says(self):
        rng = random.Random(0)
        for _ in range(400):
            item = puzzle(rng, held_out=False, kind=rng.choice(("rank", "count")), invented=0.0)
            counts = {name: int(n) for name, n in re.findall(r"(\w+) (?:has|owns) (\d+)", item.text)}
            self.assertEqual(len(counts), item.size)
            if item.kind == "rank":
                word = re.search(r"has the ([a-z ]+) \w+\?", item.text).group(1)
                ordered = sorted(counts, key=counts.get, reverse=True)
                self.assertTrue(item.answer.startswith(f"{ordered[RANKS[word]]} has the {word} "), item)
            else:
                more, limit = re.search(r"have (more|fewer) than (\d+)", item.text).groups()
                hits = sum(n > int(limit) if more == "more" else n < int(limit) for n in counts.values())
                self.assertTrue(item.answer.startswith(f"{hits} of them "), item)

    def test_following_the_hand_overs_leads_to_the_answer(self):
        rng = random.Random(1)
        for _ in range(200):
            item = puzzle(rng, held_out=False, kind="follow", invented=0.0)
            moves = {(giver, thing): taker for giver, thing, taker in
                     re.findall(r"(\w+) (?:gives|hands) the (\w+) to (\w+)\.", item.text)}
            holder, thing = re.search(r"(\w+) had the (\w+) first", item.text).groups()
            hops = 0
            while (holder, thing) in moves:
                holder, hops = moves[holder, thing], hops + 1
            self.assertEqual(item.answer, f"{holder} has the {thing} in the end.")
            self.assertEqual(hops, item.size)

    def test_training_and_evaluation_never_meet(self):
        rng = random.Random(2)
        self.assertFalse(any(is_held_out(puzzle(rng, held_out=False).key) for _ in range(300)))
        held_out = evaluation_set(90)
        self.assertTrue(all(is_held_out(item.key) for item in held_out))
        self.assertEqual(len({item.key for item in held_out}), 90)
        self.assertEqual({kind: sum(i.kind == kind for i in held_out) for kind in ("rank", "count", "follow")},
                         {"rank": 30, "count": 30, "follow": 30})

    def test_look_ups_are_true(self):
        rng = random.Random(3)
        for _ in range(200):
            facts = Owners(rng, 4, 0.0)
            asked, answer = facts.look_up(rng)
            counts = dict(zip(facts.names, facts.counts))
            if asked.startswith("Who has") and " or " in asked:
                word, one, other = re.search(r"has (more|fewer) \w+, (\w+) or (\w+)\?", asked).groups()
                winner = (max if word == "more" else min)((one, other), key=counts.get)
                self.assertTrue(answer.startswith(winner))
            else:
                name, number = re.match(r"(\w+) has (\d+) ", answer).groups()
                self.assertEqual(counts[name], int(number))
            moves = HandOvers(rng, 2, 0.0)
            asked, answer = moves.look_up(rng)
            self.assertIn(tuple(re.match(r"(\w+) gives the (\w+) to (\w+)\.", answer).group(2, 1, 3)), moves.events)
