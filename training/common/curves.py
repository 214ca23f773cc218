"""Draws loss curves of runs as a small picture."""

from pathlib import Path

from .loop import read_curve


def draw(panels: dict[str, dict[str, tuple[Path, str]]], out: str | Path) -> None:
    """One panel per title; each holds labelled curves, (run directory, column of curve.csv)."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(panels), figsize=(4.2 * len(panels), 3.1), squeeze=False)
    for axis, (title, curves) in zip(axes[0], panels.items()):
        for label, (run, column) in curves.items():
            rows = [row for row in read_curve(run) if column in row]
            if rows:
                axis.plot([row["step"] for row in rows], [max(row[column], 1e-4) for row in rows], label=label, linewidth=1.2)
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("step", fontsize=8)
        axis.set_yscale("log")
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.3, linewidth=0.5)
        axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(out, dpi=90, metadata={"Software": None})
    pyplot.close(figure)
