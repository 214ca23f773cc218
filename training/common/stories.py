"""Word problems in plain English: two to four operations on a count, the working, and a question about it.

A problem is a chain (start value and operations), a wording and a question. The working (the thought) is the running
arithmetic, `25+4=29;29-18=11`. Most questions ask for something that has to be derived from the working: how far the
end is from the start, who of two has more, whether it is enough. Every value of a chain lies in 1..99.

One chain in twenty is held out by a hash of the chain, whatever its wording: training never generates it.
"""

import random
import zlib
from dataclasses import dataclass

from .words import MEN, THINGS, WOMEN, invented_word

MAX_VALUE = 99
QUESTIONS = ("end", "change", "both", "compare", "enough")
CORE_QUESTIONS = ("end", "change", "both")
_QUESTION_WEIGHTS = {"end": 20, "change": 25, "both": 15, "compare": 25, "enough": 15}

Operation = tuple[str, int]


@dataclass(frozen=True)
class Problem:
    """One word problem: `text` is the prompt, `thought` the working, `answer` the reply."""

    text: str
    thought: str
    answer: str
    chain: str
    operations: int
    question: str


def apply(value: int, operation: Operation) -> int:
    """The value after one operation."""
    sign, operand = operation
    return {"+": value + operand, "-": value - operand, "*": value * operand, "/": value // operand}[sign]


def chain_key(start: int, operations: list[Operation]) -> str:
    """The chain as text, `25+4-18`: what the hold-out hash is taken of."""
    return str(start) + "".join(f"{sign}{operand}" for sign, operand in operations)


def is_held_out(chain: str) -> bool:
    """True for the 5 % of chains that training never sees; the same on every machine and for every seed."""
    return zlib.crc32(chain.encode()) % 20 == 0


def running_arithmetic(start: int, operations: list[Operation]) -> str:
    """The working: one equation per operation, separated by semicolons."""
    equations, value = [], start
    for sign, operand in operations:
        result = apply(value, (sign, operand))
        equations.append(f"{value}{sign}{operand}={result}")
        value = result
    return ";".join(equations)


def _random_chain(rng: random.Random, count: int) -> tuple[int, list[Operation]]:
    start = rng.randint(2, 40)
    value, operations = start, []
    for _ in range(count):
        fitting = []
        if value + 2 <= MAX_VALUE:
            fitting.append(("+", 35))
        if value >= 3:
            fitting.append(("-", 35))
        if value * 2 <= MAX_VALUE:
            fitting.append(("*", 20))
        if value % 2 == 0 and value >= 4:
            fitting.append(("/", 10))
        sign = rng.choices([s for s, _ in fitting], [w for _, w in fitting])[0]
        operand = {
            "+": lambda: rng.randint(2, min(29, MAX_VALUE - value)),
            "-": lambda: rng.randint(2, min(29, value - 1)),
            "*": lambda: rng.randint(2, min(5, MAX_VALUE // value)),
            "/": lambda: 2,
        }[sign]()
        operations.append((sign, operand))
        value = apply(value, (sign, operand))
    return start, operations


class Telling:
    """The wording of one story: who, what, and how each step is said."""

    def __init__(self, rng: random.Random, invented: float):
        self.rng = rng
        man = rng.random() < 0.5
        self.name = self._name(MEN if man else WOMEN, invented)
        self.other = self.name
        while self.other == self.name:
            self.other = self._name(MEN + WOMEN, invented)
        self.he, self.him = ("he", "him") if man else ("she", "her")
        word = invented_word(rng)
        self.one, self.many = (word, word + "s") if rng.random() < invented else rng.choice(THINGS)

    def _name(self, known: list[str], invented: float) -> str:
        return invented_word(self.rng).capitalize() if self.rng.random() < invented else self.rng.choice(known)

    def things(self, count: int) -> str:
        return self.one if count == 1 else self.many

    def counted(self, count: int) -> str:
        return f"{count} {self.things(count)}"

    def begin(self, count: int) -> str:
        name, things = self.name, self.counted(count)
        return self.rng.choice((
            f"{name} has {things}.", f"{name} has {things}.", f"{name} starts with {things}.", f"{name} owns {things}.",
            f"At first, {name} has {things}.", f"In the beginning, {name} has {things}."))

    def step(self, operation: Operation) -> str:
        """One operation as a sentence."""
        rng = self.rng
        sign, n = operation
        who = rng.choice((self.he, self.he, self.name))
        many = self.many
        if sign == "+":
            sentence = rng.choice((
                f"{who} buys {n} more.", f"{who} finds {n} more.", f"{who} gets {n} more {many}.", f"{who} wins {n} {many}.",
                f"a friend gives {self.him} {n} more.", f"{who} collects {n} more {many}."))
        elif sign == "-":
            sentence = rng.choice((
                f"{who} loses {n} of them.", f"{who} gives {n} of them away.", f"{who} sells {n} {many}.",
                f"{who} gives {n} {many} to a friend.", f"{n} of the {many} break.", f"{who} drops {n} of them."))
        elif sign == "*":
            sentence = rng.choice((
                f"each of them turns into {n}.", f"magic turns every {self.one} into {n}.",
                f"{who} ends up with {n} times as many.",
                {2: "the number doubles.", 3: "the number triples."}.get(n, f"the number becomes {n} times as large.")))
        else:
            sentence = rng.choice((
                f"half of them get lost.", f"{who} gives half of them away.", f"{who} sells half of the {many}."))
        lead = rng.choice(("", "", "", "Then ", "After that, ", "Later, "))
        return lead + sentence if lead else sentence[0].upper() + sentence[1:]

    def ask(self, question: str, start: int, end: int) -> tuple[str, str, str]:
        """(an opening sentence or "", the question, the answer)."""
        rng, name, other, many = self.rng, self.name, self.other, self.many
        if question == "end":
            return "", rng.choice((
                f"How many {many} does {name} have in the end?", f"How many {many} does {name} have now?",
                f"How many {many} does {self.he} have now?")), f"{name} has {self.counted(end)} now."
        if question in ("change", "both"):
            far = abs(end - start)
            more = "more" if end > start else "fewer"
            if question == "both":
                asked = rng.choice((
                    f"How many {many} does {name} have now, and how many more or fewer than at the start?",
                    f"How many {many} does {name} have in the end, and how does that compare with the start?"))
                moved = "unchanged" if far == 0 else f"{'up' if end > start else 'down'} by {far}"
                return "", asked, f"{name} has {self.counted(end)} now, {moved}."
            asked = rng.choice((
                f"How many {more} {many} than at the start does {name} have?",
                f"How many more or fewer {many} than at the start does {name} have?",
                f"How many {many} more or fewer than at the start is that?",
                f"How does the number of {many} compare with the start?"))
            if far == 0:
                return "", asked, f"{name} has as many {many} as at the start."
            return "", asked, f"{name} has {more} {many} than at the start, {far} {more}."
        limit = _limit(rng, end)
        far = abs(end - limit)
        if question == "compare":
            asked = rng.choice((
                f"Who has more {many}, {name} or {other}, and how many more?",
                f"Who has more {many} now, and by how many?"))
            richer, poorer = (name, other) if end > limit else (other, name)
            answer = (f"{name} and {other} have the same number of {many}." if far == 0
                      else f"{richer} has {far} more {self.things(far)} than {poorer}.")
            return f"{other} has {self.counted(limit)}.", asked, answer
        asked = rng.choice((
            f"{name} needs {self.counted(limit)}. Is that enough?",
            f"Is that enough if {self.he} needs {self.counted(limit)}?",
            f"{name} wants to give away {self.counted(limit)}. Does {self.he} have enough?"))
        if far == 0:
            return "", asked, f"Yes, {name} has exactly enough."
        if end > limit:
            return "", asked, f"Yes, {name} has {self.counted(far)} too many."
        return "", asked, f"No, {name} needs {far} more {self.things(far)}."


def _draw(rng: random.Random, held_out: bool, count: int) -> tuple[int, list[Operation], int]:
    """A random chain of the asked side of the hold-out: start, operations, end."""
    while True:
        start, steps = _random_chain(rng, count)
        if is_held_out(chain_key(start, steps)) == held_out:
            break
    end = start
    for step in steps:
        end = apply(end, step)
    return start, steps, end


def _limit(rng: random.Random, end: int) -> int:
    """A number to compare the end with, near it or further away."""
    return min(MAX_VALUE, max(1, end + rng.choice((-1, 1)) * rng.randint(0, 40)))


def drill(rng: random.Random, held_out: bool, comparing: bool = True) -> Problem:
    """A bare sum, `What is 24, plus 18, times 2?`: the arithmetic of a story in half its length, read left to right.

    `comparing` adds comparisons with another number, `Compare 24, plus 18 with 50.`
    """
    start, steps, end = _draw(rng, held_out, rng.choice((1, 1, 1, 2, 3, 4)))
    words = {"+": "plus {}", "-": "minus {}", "*": "times {}", "/": "halved"}
    total = ", ".join([str(start)] + [words[sign].format(operand) for sign, operand in steps])
    if not comparing or rng.random() < 0.5:
        text = f"What is {total}?"
        compared = "unchanged" if end == start else f"{'up' if end > start else 'down'} by {abs(end - start)}"
    else:
        limit = _limit(rng, end)
        text = f"Compare {total} with {limit}."
        compared = (f"the same as {limit}" if end == limit
                    else f"{'above' if end > limit else 'below'} {limit} by {abs(end - limit)}")
    return Problem(
        text, running_arithmetic(start, steps), f"It is {end}, {compared}.", chain_key(start, steps), len(steps),
        "drill")


def tell(
    rng: random.Random, held_out: bool, operations: int | None = None, invented: float = 0.1,
    questions: tuple[str, ...] = QUESTIONS,
) -> Problem:
    """A random problem from the training chains or from the held-out ones.

    `invented` is the probability that a name, or the thing counted, is a made-up word.
    """
    count = operations or rng.randint(2, 4)
    start, steps, end = _draw(rng, held_out, count)
    kind = rng.choices(questions, [_QUESTION_WEIGHTS[question] for question in questions])[0]
    telling = Telling(rng, invented)
    sentences = [telling.begin(start)] + [telling.step(step) for step in steps]
    opening, asked, answer = telling.ask(kind, start, end)
    if opening:
        sentences.insert(rng.choice((0, len(sentences))), opening)
    sentences.append(asked)
    return Problem(" ".join(sentences), running_arithmetic(start, steps), answer, chain_key(start, steps), count, kind)


def narrate(
    rng: random.Random, held_out: bool, operations: int | None = None, invented: float = 0.1,
) -> tuple[str, str]:
    """A story as running text that says the count after each step, so that the next word often needs a sum.

    (the opening, the rest): `Hugo has 27 rocks.`, `He sells 16 rocks. Now he has 11 rocks. ...`.
    """
    start, steps, _ = _draw(rng, held_out, operations or rng.randint(2, 4))
    telling = Telling(rng, invented)
    value, sentences = start, []
    for step in steps:
        value = apply(value, step)
        who = rng.choice((telling.he, telling.he, telling.name))
        sentences.append(telling.step(step))
        sentences.append(rng.choice((
            f"Now {who} has {telling.counted(value)}.", f"That makes {telling.counted(value)}.",
            f"So {who} has {telling.counted(value)} now.")))
    return telling.begin(start), " ".join(sentences)


def evaluation_set(
    size: int, seed: int = 0, invented: float = 0.0, questions: tuple[str, ...] = CORE_QUESTIONS,
) -> list[Problem]:
    """`size` held-out problems with distinct chains, an equal share per number of operations; same seed, same set."""
    rng = random.Random(f"held-out/{seed}")
    problems, seen = [], set()
    while len(problems) < size:
        problem = tell(rng, True, operations=2 + len(problems) % 3, invented=invented, questions=questions)
        if problem.chain not in seen:
            seen.add(problem.chain)
            problems.append(problem)
    return problems


if __name__ == "__main__":
    import argparse
    import json

    parser = argparse.ArgumentParser(description="Print the held-out evaluation set as JSON lines.")
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--invented", type=float, default=0.0, help="share of made-up names and things")
    chosen = parser.parse_args()
    for item in evaluation_set(chosen.size, chosen.seed, chosen.invented):
        print(json.dumps(item.__dict__))
