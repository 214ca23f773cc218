"""Draws loss curves of runs as a small picture.

    python3 -m training.common.curves base-0 checkpoints/base-stories/curves.png     all losses of one run
"""

from pathlib import Path


def draw(panels: dict[str, dict[str, list[tuple[float, float]]]], out: str | Path) -> None:
    """One panel per title; each holds labelled curves, lists of (step, loss)."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.1), squeeze=False)
    for axis, (title, curves) in zip(axes[0], panels.items()):
        for label, points in curves.items():
            if points:
                axis.plot([step for step, _ in points], [max(loss, 1e-4) for _, loss in points], label=label, linewidth=1.2)
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("step", fontsize=8)
        axis.set_yscale("log")
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.3, linewidth=0.5)
        axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(out, dpi=90, metadata={"Software": None})
    pyplot.close(figure)


if __name__ == "__main__":
    import argparse

    from . import loop

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="name of a run in training/runs")
    parser.add_argument("out")
    chosen = parser.parse_args()
    rows = loop.read_curve(loop.RUNS / chosen.run)
    draw({chosen.run: {loss: [(row["step"], row[loss]) for row in rows] for loss in rows[0] if loss != "step"}}, chosen.out)
