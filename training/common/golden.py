"""Writes golden files of the server's tests: what a recipe's own f32 generation says on held-out prompts, greedy.

The fields are described in `tests/Models.Tests/Golden/README.md`.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from .format import Format, start_ids
from .generate import Generation

DETAILED = 20  # lines with a whole row of logits


def answer_lines(
    directory: str | Path, form: Format, questions: Iterable[tuple[str, str]], generate: Callable[[list[int]], Generation],
    limit: int,
) -> list[dict]:
    """One line per (question, expected answer) of a model that answers without thoughts on a channel of their own.

    `prompt` is the text after the tokens the tokenizer of `directory` puts in front of every text.
    """
    start, lines = start_ids(directory, form.tokenizer), []
    for i, (question, expected) in enumerate(questions):
        ids = form.prompt(question)
        if ids[:len(start)] != start:
            raise ValueError("The prompt does not begin with what the tokenizer puts in front of every text.")
        done = generate(ids)
        line = {
            "prompt": form.decode(ids[len(start):]), "user": question, "prompt_ids": ids, "answer_ids": done.answer,
            "answer": form.decode([token for token in done.answer if token != form.eos]), "expected": expected,
            "gap": rounded(done.gap), "max_tokens": limit}
        if i < DETAILED:
            line["first_answer_logits"] = [*map(rounded, done.first_logits.tolist())]
        lines.append(line)
    return lines


def rounded(value: float) -> float:
    """Six significant digits."""
    return float(f"{value:.6g}")


def write(path: str | Path, lines: list[dict]) -> None:
    """One JSON object a line."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    right = sum(line["answer"].strip() == line["expected"] for line in lines)
    print(f"{len(lines)} prompts, {right} answered right, smallest gap {min(line['gap'] for line in lines):.3g}")
