"""Tables and pictures of the model card, from the results in training/runs.

    python3 -m training.tas.report checkpoints/tas-stories     writes curves.png there, prints the tables
"""

import argparse
import json
from pathlib import Path

from ..common import curves, loop
from ..common.stories import CORE_QUESTIONS, evaluation_set
from .evaluate import MAX_ANSWER, MAX_THOUGHT, load
from .inference import think_then_speak

_ROWS = (
    ("TaS, own thoughts", "tas", "own"), ("TaS, thoughts off", "tas", "off"),
    ("TaS, another problem's thought", "tas", "swapped"), ("TaS, the right thought given", "tas", "given"),
    ("TaS, thought itself exact", "tas", "thought"), ("Control, trained without thoughts", "control", "off"),
    ("k = L, own thoughts", "last", "own"), ("k = L, thought itself exact", "last", "thought"))
_COLUMNS = ("all", "2", "3", "4", *CORE_QUESTIONS)


def results() -> list[dict]:
    """The result.json of every finished run made from scratch."""
    found = [json.loads(path.read_text()) for path in sorted(loop.RUNS.glob("*/result.json"))]
    return [result for result in found if not result["base"] and not result["data"]]


def table(runs: list[dict]) -> str:
    """Markdown: one row per condition and seed, accuracies in percent."""
    lines = ["| condition | seed | steps | " + " | ".join(_COLUMNS) + " |", "|---|---:|---:|" + "---:|" * len(_COLUMNS)]
    for title, variant, condition in _ROWS:
        for run in sorted((run for run in runs if run["variant"] == variant), key=lambda run: (run["seed"], run["run"])):
            shares = run["accuracy"][condition]
            lines.append(f"| {title} | {run['seed']} | {int(curve(run, 'speak')[-1][0])} | " + " | ".join(f"{shares.get(c, 0):.1f}" for c in _COLUMNS) + " |")
    return "\n".join(lines)


def curve(run: dict, column: str) -> list[tuple[float, float]]:
    """(step, loss) of a run, after those of the run it started from."""
    before = loop.read_curve(loop.RUNS / run["start"]) if run["start"] else []
    done = before[-1]["step"] if before else 0
    rows = before + [row | {"step": row["step"] + done} for row in loop.read_curve(loop.RUNS / run["run"])]
    return [(row["step"], row[column]) for row in rows if column in row]


def transcripts(directory: str, count: int = 5) -> str:
    """The first held-out problems as the checkpoint answers them."""
    model, form, thought_end = load(directory)
    out = []
    for problem in evaluation_set(count):
        done = think_then_speak(model, form.prompt(problem.text), thought_end, form.eos, MAX_THOUGHT, MAX_ANSWER)
        answer = form.decode([token for token in done.answer if token != form.eos])
        out.append(f"> {problem.text}\n>\n> *{form.decode(done.thought)}*\n>\n> **{answer}**")
    return "\n\n".join(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    chosen = parser.parse_args()
    finished = results()
    titles = {"tas": "TaS, k = L/2", "control": "control", "last": "k = L"}
    panels = {}
    for loss, title in (("think", "thinking loss"), ("speak", "speaking loss")):
        panels[title] = {
            f"{titles[run['variant']]}, seed {run['seed']}": curve(run, loss)
            for run in finished if not (loss == "think" and run["variant"] == "control")}
    curves.draw(panels, Path(chosen.checkpoint) / "curves.png")
    print(table(finished))
    print()
    print(transcripts(chosen.checkpoint))
