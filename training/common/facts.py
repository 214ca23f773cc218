"""Short texts of facts about several people, and questions about them: who has how many, and who handed what to whom.

`look_up` asks for one fact. The three kinds of `puzzle` ask for something that depends on all facts at once, and the
question that says what to look for comes last:

- `rank`:   `Who has the second most coins?`
- `count`:  `How many of them have more than 40 coins?`
- `follow`: hand-overs of two things, told in a random order: `Adam had the key first. Who has the key in the end?`

One set of facts in twenty is held out by a hash of its numbers and of who hands to whom, whatever the wording.
"""

import random
from dataclasses import dataclass

from .stories import is_held_out
from .words import MEN, THINGS, WOMEN, invented_word

PUZZLES = ("rank", "count", "follow")
RANKS = {"most": 0, "second most": 1, "third most": 2, "fewest": -1, "second fewest": -2}
MAX_PEOPLE, MAX_HOPS = 6, 3


@dataclass(frozen=True)
class Puzzle:
    """A text with its question, the answer, the kind, and how hard it is: people, or hand-overs to follow."""

    text: str
    answer: str
    kind: str
    size: int
    key: str


def _people(rng: random.Random, count: int, invented: float) -> list[str]:
    names: list[str] = []
    while len(names) < count:
        name = invented_word(rng).capitalize() if rng.random() < invented else rng.choice(MEN + WOMEN)
        if name not in names:
            names.append(name)
    return names


def _things(rng: random.Random, count: int, invented: float) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    while len(pairs) < count:
        word = invented_word(rng)
        pair = (word, word + "s") if rng.random() < invented else rng.choice(THINGS)
        if pair not in pairs:
            pairs.append(pair)
    return pairs


class Owners:
    """Some people and how many of one thing each has, all different."""

    def __init__(self, rng: random.Random, people: int, invented: float):
        self.names = _people(rng, people, invented)
        self.counts = rng.sample(range(1, 100), people)
        (self.one, self.many), = _things(rng, 1, invented)
        self.key = ",".join(map(str, self.counts))

    def counted(self, i: int) -> str:
        return f"{self.counts[i]} {self.one if self.counts[i] == 1 else self.many}"

    def tell(self, rng: random.Random) -> str:
        return " ".join(
            f"{name} {rng.choice(('has', 'has', 'owns'))} {self.counted(i)}." for i, name in enumerate(self.names))

    def look_up(self, rng: random.Random) -> tuple[str, str]:
        """A question about one fact or two, and its answer."""
        i, j = rng.sample(range(len(self.names)), 2)
        kind = rng.choice(("how many", "who", "more", "more"))
        if kind == "how many":
            return f"How many {self.many} does {self.names[i]} have?", f"{self.names[i]} has {self.counted(i)}."
        if kind == "who":
            return f"Who has {self.counted(i)}?", f"{self.names[i]} has {self.counted(i)}."
        more = rng.random() < 0.5
        winner = i if (self.counts[i] > self.counts[j]) == more else j
        word = "more" if more else "fewer"
        return (f"Who has {word} {self.many}, {self.names[i]} or {self.names[j]}?",
                f"{self.names[winner]} has {word} {self.many}.")

    def rank(self, rng: random.Random) -> tuple[str, str]:
        words = [word for word, place in RANKS.items() if -len(self.names) <= place < len(self.names)]
        word = rng.choice(words)
        place = sorted(range(len(self.names)), key=lambda i: -self.counts[i])[RANKS[word]]
        return f"Who has the {word} {self.many}?", f"{self.names[place]} has the {word} {self.many}."

    def count(self, rng: random.Random) -> tuple[str, str]:
        limit = rng.choice([n for n in range(5, 96) if n not in self.counts])
        more = rng.random() < 0.5
        hits = sum((count > limit) == more for count in self.counts)
        words = f"{'more' if more else 'fewer'} than {limit} {self.many}"
        return f"How many of them have {words}?", f"{hits} of them {'has' if hits == 1 else 'have'} {words}."


class HandOvers:
    """Two things, each passed along its own chain of people; the events are told in a random order."""

    def __init__(self, rng: random.Random, hops: int, invented: float):
        lengths = [hops, rng.randint(1, MAX_HOPS)]
        people = _people(rng, sum(lengths) + 2, invented)
        self.chains = [people[:hops + 1], people[hops + 1:]]
        self.things = [one for one, _ in _things(rng, 2, invented)]
        self.events = [(thing, giver, taker) for thing, chain in zip(self.things, self.chains)
                       for giver, taker in zip(chain, chain[1:])]
        rng.shuffle(self.events)
        self.key = ",".join(f"{giver}>{taker}" for _, giver, taker in self.events)

    def tell(self, rng: random.Random) -> str:
        return " ".join(rng.choice((f"{giver} gives the {thing} to {taker}.", f"{giver} hands the {thing} to {taker}."))
                        for thing, giver, taker in self.events)

    def look_up(self, rng: random.Random) -> tuple[str, str]:
        thing, giver, taker = rng.choice(self.events)
        asked = rng.choice((f"Who gets the {thing} from {giver}?", f"Who gives the {thing} to {taker}?"))
        return asked, f"{giver} gives the {thing} to {taker}."

    def follow(self) -> tuple[str, str]:
        chain, thing = self.chains[0], self.things[0]
        asked = f"{chain[0]} had the {thing} first. Who has the {thing} in the end?"
        return asked, f"{chain[-1]} has the {thing} in the end."


def _draw(make, held_out: bool):
    while True:
        facts = make()
        if is_held_out(facts.key) == held_out:
            return facts


def look_up(rng: random.Random, invented: float = 0.1, turns: int = 1) -> tuple[str, list[tuple[str, str]]]:
    """Facts of the training side, and `turns` pairs of question and answer about them."""
    if rng.random() < 0.7:
        facts = _draw(lambda: Owners(rng, rng.randint(2, MAX_PEOPLE), invented), False)
    else:
        facts = _draw(lambda: HandOvers(rng, rng.randint(1, MAX_HOPS), invented), False)
    return facts.tell(rng), [facts.look_up(rng) for _ in range(turns)]


def puzzle(
    rng: random.Random, held_out: bool, kind: str | None = None, size: int | None = None, invented: float = 0.1,
) -> Puzzle:
    """A random puzzle; `size` is the number of people (3..6), or of hand-overs to follow (1..3)."""
    kind = kind or rng.choice(PUZZLES)
    if kind == "follow":
        size = size or rng.randint(1, MAX_HOPS)
        facts = _draw(lambda: HandOvers(rng, size, invented), held_out)
        asked, answer = facts.follow()
    else:
        size = size or rng.randint(3, MAX_PEOPLE)
        facts = _draw(lambda: Owners(rng, size, invented), held_out)
        asked, answer = facts.rank(rng) if kind == "rank" else facts.count(rng)
    return Puzzle(f"{facts.tell(rng)} {asked}", answer, kind, size, facts.key)


def evaluation_set(size: int, seed: int = 0, invented: float = 0.0) -> list[Puzzle]:
    """`size` held-out puzzles with distinct facts, kinds in turn and an equal share per difficulty."""
    rng = random.Random(f"held-out-puzzles/{seed}")
    out, seen = [], set()
    while len(out) < size:
        kind = PUZZLES[len(out) % 3]
        turn = len(out) // 3
        wanted = 1 + turn % MAX_HOPS if kind == "follow" else 3 + turn % (MAX_PEOPLE - 2)
        item = puzzle(rng, True, kind, wanted, invented)
        if item.key not in seen:
            seen.add(item.key)
            out.append(item)
    return out
