"""Draws loss curves of runs as a small picture.

    python3 -m training.common.curves base-0 checkpoints/base-stories/curves.png     all losses of one run
"""

from pathlib import Path


def draw(panels: dict[str, dict[str, list[tuple[float, float]]]], out: str | Path,
         linear: dict[str, str] | None = None) -> None:
    """One panel per title; each holds labelled curves, lists of (step, loss), on a logarithmic scale.

    `linear` names panels that are not losses: their scale is linear and their x-axis has the given name.
    """
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.1), squeeze=False)
    for axis, (title, curves) in zip(axes[0], panels.items()):
        name = (linear or {}).get(title)
        for label, points in curves.items():
            if points:
                heights = [value if name else max(value, 1e-4) for _, value in points]
                axis.plot([step for step, _ in points], heights, label=label, linewidth=1.2)
        axis.set_title(title, fontsize=9)
        axis.set_xlabel(name or "step", fontsize=8)
        axis.set_yscale("linear" if name else "log")
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
