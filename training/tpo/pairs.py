"""Preference pairs from sampled outputs: the answer alone is scored, thought and answer together are preferred."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from .prompts import Output

Reward = Callable[[str, str], float]  # answer, expected answer


def exact(answer: str, expected: str) -> float:
    """1 where the whole answer is right."""
    return float(answer.strip() == expected.strip())


def last_number(answer: str, expected: str) -> float:
    """1 where the last number of the answer is the last number of the expected one (GSM8K's rule)."""
    found, wanted = (re.findall(r"-?\d+(?:\.\d+)?", text.replace(",", "")) for text in (answer, expected))
    return float(bool(found and wanted) and float(found[-1]) == float(wanted[-1]))


REWARDS: dict[str, Reward] = {"exact": exact, "last-number": last_number}


@dataclass(frozen=True)
class Scored:
    """One sampled output; `score` is None where it does not parse."""

    ids: list[int]
    output: Output
    score: float | None


def score(ids: list[int], output: Output, expected: str, reward: Reward, ended: bool) -> Scored:
    """An output that reached the length limit does not parse."""
    usable = ended and output.answer is not None
    return Scored(ids, output, reward(output.answer, expected) if usable else None)


def pairs_of(samples: list[Scored], rng: random.Random, unparsed_share: float) -> list[tuple[list[int], list[int]]]:
    """(chosen, rejected) of one instruction: best against worst answer, ties drawn; none where all score the same.

    With probability `unparsed_share` an output that does not parse, if there is one, is rejected against the best too.
    """
    parsed = [sample for sample in samples if sample.score is not None]
    broken = [sample for sample in samples if sample.score is None]
    if not parsed:
        return []
    top, bottom = max(s.score for s in parsed), min(s.score for s in parsed)
    best = [sample for sample in parsed if sample.score == top]
    out = []
    if top > bottom:
        worst = [sample for sample in parsed if sample.score == bottom]
        out.append((rng.choice(best).ids, rng.choice(worst).ids))
    if broken and rng.random() < unparsed_share:
        out.append((rng.choice(best).ids, rng.choice(broken).ids))
    return out
