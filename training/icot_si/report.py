"""Tables and the picture of the model cards, from the results in training/runs.

    python3 -m training.icot_si.report checkpoints/icot-si-full     writes curves.png there, prints the tables
"""

import argparse
import json
from pathlib import Path

from ..common import loop
from ..common.multiplication import evaluation_set, number
from .evaluate import MAX_NEW, load
from .inference import generate
from .stages import read_stages

_RUNS = (("no-cot", "no chain, ever (control)"), ("full", "ICoT-SI, all removed"), ("half", "ICoT-SI, half removed"),
         ("none", "explicit chain (control)"))


def results() -> dict[str, list[dict]]:
    """The result.json of every finished run of multiply.sh, by variant."""
    return {variant: [json.loads(path.read_text()) for path in sorted(loop.RUNS.glob(f"icot-si-{variant}-[0-9]*/result.json"))]
            for variant, _ in _RUNS}


def table(found: dict[str, list[dict]]) -> str:
    """Markdown: one row per variant and seed."""
    lines = ["| model | seed | steps | right, % | chain tokens | tokens per answer |", "|---|---:|---:|---:|---:|---:|"]
    for variant, title in _RUNS:
        for run in found[variant]:
            m = run["measured"]
            lines.append(f"| {title} | {run['seed']} | {run['steps']} | {m['accuracy']:.1f} | {m['chain']:.2f} | {m['tokens']:.2f} |")
    return "\n".join(lines)


def stage_table(run: str) -> str:
    """Markdown: the stages of a run as they ended, not annealed."""
    lines = ["| tokens removed | steps of the stage | right at its end, % | chain tokens |", "|---:|---:|---:|---:|"]
    lines += [f"| {s['removed']} | {s['steps']} | {s['accuracy']:.1f} | {s['chain']:.2f} |" for s in read_stages(loop.RUNS / run)]
    return "\n".join(lines)


def draw(found: dict[str, list[dict]], out: Path) -> None:
    """Left: accuracy against tokens per answer; right: how the removal went."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (trade, course) = pyplot.subplots(1, 2, figsize=(9, 3.4))
    for variant, title in _RUNS:
        points = [(run["measured"]["tokens"], run["measured"]["accuracy"]) for run in found[variant]]
        if points:
            trade.plot(*zip(*points), "o", label=title, markersize=7)
    for run in found["full"]:
        stages = read_stages(loop.RUNS / run["run"])[:-1]
        trade.plot([s["tokens"] for s in stages], [s["accuracy"] for s in stages], ".:", color="grey", linewidth=0.8, markersize=4,
                   label=f"stage ends on the way, seed {run['seed']}", zorder=0)
        rows = loop.read_curve(loop.RUNS / run["run"])
        line, = course.plot([r["step"] for r in rows], [100 * r["right"] for r in rows], linewidth=1, label=f"ICoT-SI, seed {run['seed']}")
        for before, after in zip(rows, rows[1:]):
            if after["removed"] > before["removed"]:
                course.axvline(before["step"], color=line.get_color(), linewidth=0.4, alpha=0.5)
    for run in found["no-cot"]:
        rows = loop.read_curve(loop.RUNS / run["run"])
        course.plot([r["step"] for r in rows], [100 * r["right"] for r in rows], linewidth=1, label=f"no chain, seed {run['seed']}")
    trade.set_xlabel("generated tokens per answer", fontsize=8)
    trade.set_ylabel("answers right, %", fontsize=8)
    trade.set_title("held-out products, greedy", fontsize=9)
    course.set_xlabel("step (lines: one token more is removed)", fontsize=8)
    course.set_title("training texts right at every token, %", fontsize=9)
    for axis in (trade, course):
        axis.set_ylim(-3, 103)
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.3, linewidth=0.5)
        axis.legend(fontsize=6.5)
    figure.tight_layout()
    figure.savefig(out, dpi=90, metadata={"Software": None})
    pyplot.close(figure)


def transcripts(directory: str, count: int = 5) -> str:
    """The first held-out problems as the checkpoint answers them."""
    model, form = load(directory)
    problems = evaluation_set(count, (3, 2))
    lines = ["| typed | thought | answer | reads | right |", "|---|---|---|---:|---|"]
    for problem, done in zip(problems, generate(model, [form.prompt(p.question) for p in problems], form.eos, MAX_NEW)):
        answer = form.text(done.answer)
        verdict = "yes" if number(answer) == problem.first * problem.second else f"no, {problem.first * problem.second}"
        lines.append(f"| `{problem.typed}` | `{form.text(done.thought)}` | `{answer}` | {number(answer)} | {verdict} |")
    return "\n".join(lines).replace("``", "")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    chosen = parser.parse_args()
    finished = results()
    draw(finished, Path(chosen.checkpoint) / "curves.png")
    print(table(finished))
    for full in finished["full"]:
        print(f"\n{full['run']}\n\n{stage_table(full['run'])}")
    print(f"\n{transcripts(chosen.checkpoint)}")
