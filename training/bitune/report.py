"""Tables and curves of the model cards, from the results in training/runs.

    python3 -m training.bitune.report checkpoints/bitune-stories     writes curves.png there, prints the tables
"""

import argparse
import json
from pathlib import Path

from ..base.texts import ANSWER
from ..common import curves, loop
from ..common.changes import REQUESTS, evaluation_set
from .evaluate import answers, load

TITLES = {
    "bitune": "Bitune", "causal": "two readings, both causal", "unmixed": "second reading alone (alpha = 1)",
    "lora": "LoRA"}
_SIZES = ("size 3", "size 4", "size 5")


def results(base: str) -> list[dict]:
    """The result.json of every finished run on a base."""
    found = [json.loads(path.read_text()) for path in sorted(loop.RUNS.glob("*/result.json"))]
    ours = [run for run in found if run.get("task") == "changes" and Path(run["base"]).name == base]
    return sorted(ours, key=lambda run: ([*TITLES].index(run["variant"]), run["rank"], run["seed"]))


def title(run: dict) -> str:
    return f"{TITLES[run['variant']]}, rank {run['rank']}"


def table(runs: list[dict]) -> str:
    """Markdown: one row per run, accuracies in percent."""
    columns = ("all", *REQUESTS, *_SIZES)
    lines = ["| variant | trained | seed | steps | " + " | ".join(columns) + " |",
             "|---|---:|---:|---:|" + "---:|" * len(columns)]
    for run in runs:
        lines.append(f"| {title(run)} | {run['trained']:,} | {run['seed']} | {run['steps']} | "
                     + " | ".join(f"{run['accuracy'].get(c, 0):.1f}" for c in columns) + " |")
    return "\n".join(lines)


def shares(runs: list[dict]) -> str:
    """Markdown: alpha per layer after training."""
    lines = ["| variant | seed | of | " + " | ".join(f"layer {i}" for i in range(len(runs[0]["shares"]["keys"]))) + " |"]
    lines.append("|---|---:|---|" + "---:|" * len(runs[0]["shares"]["keys"]))
    for run in runs:
        for kind in ("keys", "values"):
            cells = " | ".join(f"{a:.2f}" for a in run["shares"][kind])
            lines.append(f"| {TITLES[run['variant']]} | {run['seed']} | {kind} | {cells} |")
    return "\n".join(lines)


def transcripts(directory: str, count: int = 6) -> str:
    """The first held-out requests as the checkpoint answers them."""
    reader, form = load(directory)
    requests = evaluation_set(count)
    said = answers(reader, [form.prompt(item.text) for item in requests], form.eos)
    return "\n\n".join(
        f"> {item.text}\n>\n> **{form.decode(ids).strip()}**"
        + ("" if form.decode(ids) == ANSWER.format(item.answer) else f" (right: {item.answer})")
        for item, ids in zip(requests, said))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--base", default="base-stories", help="name of the base's folder")
    chosen = parser.parse_args()
    finished = results(chosen.base)
    curves.draw({"answer loss": {
        f"{title(run)}, seed {run['seed']}":
            [(row["step"], row["answer"]) for row in loop.read_curve(loop.RUNS / run["run"])] for run in finished}},
        Path(chosen.checkpoint) / "curves.png")
    print(table(finished), end="\n\n")
    mixing = [run for run in finished if run["shares"]]
    if mixing:
        print(shares(mixing), end="\n\n")
    print(transcripts(chosen.checkpoint))
