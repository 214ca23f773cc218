"""The picture of the model card, and its table, from the results in training/runs.

    python3 -m training.icot_kd.report checkpoints/icot-kd     writes curves.png there, prints the table
"""

import argparse
import json
from pathlib import Path

from ..common import curves, loop

_TITLES = {
    "true states": "student on the teacher's true states", "before joint": "student on guesses, before the joint phase",
    "joint": "student on guesses (the checkpoint)", "control": "control: no chain, no teacher states"}


def results() -> list[dict]:
    """The result.json of every finished run."""
    return [json.loads(path.read_text()) | {"run": path.parent.name} for path in sorted(loop.RUNS.glob("icot-kd-*/result.json"))]


def table(found: list[dict]) -> str:
    """Markdown: one row per condition and seed."""
    lines = ["| condition | seed | right, % | digits right, % | tokens per answer |", "|---|---:|---:|---:|---:|"]
    for run in found:
        for condition, m in run["measured"].items():
            if condition in _TITLES:
                others = [f"{m[key]:.1f}" if key in m else "" for key in ("digits", "tokens")]
                lines.append(f"| {_TITLES[condition]} | {run['seed']} | {m['accuracy']:.1f} | " + " | ".join(others) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    chosen = parser.parse_args()
    panels: dict[str, dict[str, list[tuple[float, float]]]] = {"answer loss": {}, "distance of guesses": {}}
    for path in sorted(loop.RUNS.glob("icot-kd-*/*/curve.csv")):
        title = f"{path.parent.name}, {path.parents[1].name.rpartition('-')[2]}"
        for loss, panel in (("answer", "answer loss"), ("distance", "distance of guesses")):
            points = [(row["step"], row[loss]) for row in loop.read_curve(path.parent) if loss in row]
            if points:
                panels[panel][title] = points
    curves.draw(panels, Path(chosen.checkpoint) / "curves.png")
    print(table(results()))
