"""Stories of gains and losses, and a request at the end that says which of the changes to write down, and how.

`Hugo has 27 rocks. Then he sells 16 rocks. A friend gives him 5 more. He finds 9 more. Write down the gains.`
is answered with `+5;+9`. What a change is worth depends on words that come after it: this is where reading a prompt in
both directions may help. One chain of numbers in twenty is held out, as in `stories`.
"""

import random
from dataclasses import dataclass

from .stories import MAX_VALUE, Operation, Telling, apply, chain_key, is_held_out

REQUESTS = {
    "told": "Write down the changes.",
    "backwards": "Write down the changes from the last to the first.",
    "gains": "Write down the gains.",
    "losses": "Write down the losses.",
    "largest": "Write down the largest change.",
    "smallest": "Write down the smallest change.",
    "falling": "Write down the changes from the largest to the smallest.",
    "rising": "Write down the changes from the smallest to the largest.",
}
FEWEST, MOST = 3, 5


@dataclass(frozen=True)
class Request:
    """A story with its request, the answer, the kind of request and the number of changes."""

    text: str
    answer: str
    kind: str
    size: int
    key: str


def chosen_changes(changes: list[Operation], kind: str) -> list[Operation]:
    """The changes that a kind of request asks for, in its order; sizes are compared without their signs."""
    by_size = sorted(changes, key=lambda change: change[1])
    return {
        "told": changes, "backwards": changes[::-1],
        "gains": [change for change in changes if change[0] == "+"],
        "losses": [change for change in changes if change[0] == "-"],
        "largest": by_size[-1:], "smallest": by_size[:1], "falling": by_size[::-1], "rising": by_size}[kind]


def _draw(rng: random.Random, held_out: bool, count: int) -> tuple[int, list[Operation]]:
    """Gains and losses of different sizes, at least one of each, every value in 1..99."""
    while True:
        start = rng.randint(2, 60)
        sizes = rng.sample(range(2, 30), count)
        changes = [(rng.choice("+-"), size) for size in sizes]
        value, fits = start, True
        for change in changes:
            value = apply(value, change)
            fits = fits and 1 <= value <= MAX_VALUE
        if fits and len({sign for sign, _ in changes}) == 2 and is_held_out(chain_key(start, changes)) == held_out:
            return start, changes


def request(
    rng: random.Random, held_out: bool, kind: str | None = None, size: int | None = None, invented: float = 0.1,
) -> Request:
    """A random request about a story with `size` changes (3..5)."""
    kind, size = kind or rng.choice([*REQUESTS]), size or rng.randint(FEWEST, MOST)
    start, changes = _draw(rng, held_out, size)
    telling = Telling(rng, invented)
    text = " ".join([telling.begin(start), *map(telling.step, changes), REQUESTS[kind]])
    answer = ";".join(f"{sign}{number}" for sign, number in chosen_changes(changes, kind))
    return Request(text, answer, kind, size, chain_key(start, changes))


def evaluation_set(size: int, seed: int = 0, invented: float = 0.0) -> list[Request]:
    """`size` held-out requests about different chains, kinds in turn and an equal share per number of changes."""
    rng, kinds = random.Random(f"held-out-changes/{seed}"), [*REQUESTS]
    out, seen = [], set()
    while len(out) < size:
        turn, place = divmod(len(out), len(kinds))
        item = request(rng, True, kinds[place], FEWEST + turn % (MOST - FEWEST + 1), invented)
        if item.key not in seen:
            seen.add(item.key)
            out.append(item)
    return out
