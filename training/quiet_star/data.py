"""The texts Quiet-STaR is trained on and measured with: short problems and their direct answers."""

import json
import random
from collections.abc import Callable
from pathlib import Path

from ..common.format import Format
from ..common.stories import CORE_QUESTIONS, Problem, drill, tell

SUM_SHARE = 0.7
KINDS = ("sum of 1", "sum of 2", "story of 1", "story of 2")  # and how many operations

Source = Callable[[random.Random], tuple[str, str]]  # a question and its answer


def problem(rng: random.Random, kind: str, held: bool) -> Problem:
    """A problem of one kind, from the training chains or from the held-out ones."""
    name, count = kind.split(" of ")
    if name == "story":
        return tell(rng, held, operations=int(count), invented=0.0, questions=CORE_QUESTIONS)
    while True:
        found = drill(rng, held, comparing=False)
        if found.operations == int(count):
            return found


def stories(rng: random.Random) -> tuple[str, str]:
    """A sum or a story with one or two operations."""
    found = problem(rng, f"{'sum' if rng.random() < SUM_SHARE else 'story'} of {rng.choice((1, 2))}", False)
    return found.text, found.answer


def from_file(path: str) -> Source:
    """Random lines of a JSONL file with the fields question and answer."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    rows = [(row["question"], row["answer"]) for row in map(json.loads, filter(None, lines))]
    return lambda rng: rng.choice(rows)


def held_out(size: int, seed: int = 0) -> dict[str, list[Problem]]:
    """At most `size` held-out problems of each kind with distinct wordings; the same seed gives the same set.

    There are only about a hundred held-out sums of one operation.
    """
    out = {}
    for kind in KINDS:
        rng, found = random.Random(f"quiet-star/held-out/{seed}/{kind}"), {}
        for _ in range(20 * size):
            one = problem(rng, kind, True)
            found.setdefault(one.text, one)
            if len(found) == size:
                break
        out[kind] = [*found.values()]
    return out


def answer_ids(form: Format, answer: str) -> list[int]:
    """The answer as it follows the prompt: after a space, unless the prompt ends with white space or a special token."""
    end = form.template.split("{}")[1]
    apart = end[-1:].isspace() or any(end.endswith(token) for token in form.tokenizer.added)
    return form.tokenizer.encode(answer if apart else " " + answer) + [form.eos]


def texts(source: Source, form: Format, seed: int, step: int, count: int, context: int) -> list[list[int]]:
    """The texts of one step, a function of (seed, step), of about equal length so that little is padding."""
    rng = random.Random(f"quiet-star/{seed}/{step}")
    pool: list[list[int]] = []
    while len(pool) < 4 * count:
        question, answer = source(rng)
        ids = form.prompt(question) + answer_ids(form, answer)
        if len(ids) <= context:
            pool.append(ids)
    pool.sort(key=len)
    at = rng.randrange(4) * count
    return pool[at:at + count]
