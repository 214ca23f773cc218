"""Table and picture of the model card, from the results in training/runs.

    python3 -m training.tpo.report checkpoints/tpo-stories     writes curves.png there, prints the tables
"""

import argparse
import json
from pathlib import Path

from ..common import curves, loop
from ..common.base import Base
from ..common.decoder import Decoder
from ..common.generate import one
from ..common.stories import evaluation_set
from .evaluate import MAX_OUTPUT
from .golden import shown
from .prompts import GENERIC

_TITLES = {"generic": "thoughts", "direct": "control"}
_COLUMNS = ("parsed", "right", "worked", "thought_tokens", "output_tokens")


def results() -> list[dict]:
    """The result.json of every finished run on word problems."""
    found = [json.loads(path.read_text()) | {"run": path.parent.name} for path in sorted(loop.RUNS.glob("tpo-*/result.json"))]
    return sorted((run for run in found if not run["data"]), key=lambda run: (run["prompt"] == "direct", run["seed"]))


def table(runs: list[dict]) -> str:
    """Markdown: one row per run, iteration, prompt and way of decoding."""
    lines = ["| trained | seed | iteration | asked | decoding | parsed % | right % | thoughts with an equation % | thought tokens "
             "| output tokens |", "|---|---:|---:|---|---|" + "---:|" * len(_COLUMNS)]
    for run in runs:
        for i, iteration in enumerate(run["iterations"]):
            for asked, ways in iteration.items():
                if asked == "samples":
                    continue
                title = "directly" if asked == "direct" or run["prompt"] == "direct" else "with the thought prompt"
                for decoding, found in ways.items():
                    lines.append(
                        f"| {_TITLES[run['prompt']] if i else 'base'} | {run['seed']} | {i} | {title} | {decoding} | "
                        + " | ".join(f"{found[column]:.1f}" for column in _COLUMNS) + " |")
    return "\n".join(lines)


def picture(runs: list[dict], path: Path) -> None:
    """DPO's loss over the steps of all iterations, and accuracy after each iteration."""
    losses, right = {}, {}
    for run in runs:
        title, before, points = f"{_TITLES[run['prompt']]}, seed {run['seed']}", 0, []
        for i in range(1, len(run["iterations"])):
            rows = loop.read_curve(loop.RUNS / run["run"] / str(i))
            points += [(before + row["step"], row["dpo"]) for row in rows]
            before = points[-1][0]
        losses[title] = points
        for way in ("greedy", "sampled"):
            right[f"{title}, {way}"] = [(i, found["own"][way]["right"]) for i, found in enumerate(run["iterations"])]
    curves.draw({"DPO loss": losses, "right on held-out problems, %": right}, path,
                linear={"DPO loss": "step", "right on held-out problems, %": "iteration"})


def transcripts(directory: str, count: int = 5) -> str:
    """The first held-out problems as the checkpoint answers them."""
    base = Base(directory)
    model = Decoder(base.config)
    base.load_into(model)
    out = []
    for problem in evaluation_set(count):
        done = one(model.eval(), base.format.prompt(GENERIC.dress(problem.text)), base.format.eos, MAX_OUTPUT)
        thought, answer = shown(base.format.decode([token for token in done.answer if token != base.format.eos]), GENERIC)
        mark = "" if answer == problem.answer else f" (right: {problem.answer})"
        out.append(f"> {problem.text}\n>\n> `{thought.strip()}`\n>\n> **{answer}**{mark}")
    return "\n\n".join(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    chosen = parser.parse_args()
    finished = results()
    picture(finished, Path(chosen.checkpoint) / "curves.png")
    print(table(finished))
    print()
    print(transcripts(chosen.checkpoint))
