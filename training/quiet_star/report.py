"""Tables and picture of the model card, from the results in training/runs.

    python3 -m training.quiet_star.report checkpoints/quiet-star-stories     writes curves.png there, prints the tables
"""

import argparse
import json
from pathlib import Path

from ..common import curves, loop
from .data import KINDS, held_out
from .evaluate import MAX_ANSWER, load
from .inference import generate


def results() -> list[dict]:
    """The result.json of every finished run on word problems."""
    found = [json.loads(path.read_text()) for path in sorted(loop.RUNS.glob("*/result.json"))]
    return [run for run in found if run.get("variant") in ("quiet-star", "control") and "passes" in run]


def table(runs: list[dict], suffix: str, title: str) -> str:
    """Markdown: one row per model, with thoughts and without; a column per kind of problem."""
    lines = [f"| {title} | seed | " + " | ".join(KINDS) + " |", "|---|---:|" + "---:|" * len(KINDS)]
    off, on = (f"{suffix} off", f"{suffix} on") if suffix else ("off", "on")
    rows = [("base", run["seed"], run["before"], off) for run in runs if run["variant"] == "control"]
    rows += [("control: fine-tuned without thoughts", run["seed"], run["measured"], off) for run in runs if run["variant"] == "control"]
    for run in runs:
        if run["variant"] == "quiet-star":
            rows += [("Quiet-STaR, w = 0", run["seed"], run["measured"], off),
                     ("Quiet-STaR, thinking", run["seed"], run["measured"], on)]
    return "\n".join(lines + [
        f"| {name} | {seed} | " + " | ".join(f"{found[kind][key]}" for kind in KINDS) + " |" for name, seed, found, key in rows])


def picture(runs: list[dict], path: Path) -> None:
    losses, reward, weight = {}, {}, {}
    for run in runs:
        rows = loop.read_curve(loop.RUNS / run["run"])
        if run["variant"] == "control":
            losses[f"control, seed {run['seed']}"] = [(row["step"], row["plain"]) for row in rows]
            continue
        losses[f"without thoughts, seed {run['seed']}"] = [(row["step"], 2 * row["plain"]) for row in rows]
        losses[f"next {run['n_ahead_talk']} tokens, thinking, seed {run['seed']}"] = [(row["step"], 2 * row["mixed"]) for row in rows]
        reward[f"seed {run['seed']}"] = [(row["step"], row["reward"]) for row in rows]
        weight[f"seed {run['seed']}"] = [(row["step"], row["weight"]) for row in rows]
    titles = ("reward of a thought, nats", "mean weight w")
    curves.draw({"cross entropy of the texts": losses, titles[0]: reward, titles[1]: weight}, path,
                linear=dict.fromkeys(titles, "step"))


def transcripts(directory: str) -> str:
    """The first held-out problem of each kind, each token with its thought and weight."""
    model, form = load(directory)
    out = []
    for problems in held_out(1).values():
        done = generate(model, [form.prompt(problems[0].text)], form.eos, MAX_ANSWER)[0]
        said = "".join(f" `{form.decode(thought)}` ({weight:.2f}) **`{form.decode([token])}`**"
                       for thought, weight, token in zip(done.thoughts, done.weights, done.answer))
        out.append(f"> {problems[0].text}\n>\n> {said.strip()}\n>\n> Right: {problems[0].answer}")
    return "\n\n".join(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    chosen = parser.parse_args()
    finished = results()
    picture(finished, Path(chosen.checkpoint) / "curves.png")
    for ending, heading in (("", "answers exactly right, greedy, %"), ("answer", "perplexity of the answers"),
                            ("text", "perplexity of question and answer")):
        print(table(finished, ending, heading), end="\n\n")
    print(transcripts(chosen.checkpoint))
