"""The training loop of all recipes: a fixed number of steps, AdamW, cosine schedule, progress line, resume after a kill.

A run lives in `training/runs/NAME` (git-ignored): `state.safetensors` (trained parameters, optimizer moments, step, random
state) and `curve.csv`. Batches are a function of (seed, step), so a resumed run sees what an unbroken one would.
"""

import csv
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from . import safetensors

RUNS = Path(__file__).parents[1] / "runs"


@dataclass
class Schedule:
    """How long and how fast; the learning rate warms up, then falls on a cosine to `final` of its peak."""

    steps: int
    learning_rate: float = 1.5e-3
    warm_up: int = 100
    final: float = 0.03
    weight_decay: float = 0.05
    clip: float = 1.0
    save_every: int = 250
    report_every: int = 50

    def rate(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        if step < self.warm_up:
            return self.learning_rate * (step + 1) / self.warm_up
        progress = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.learning_rate * (self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * progress)))


def optimizer_for(model: nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.optim.AdamW([
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": schedule.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ], lr=schedule.learning_rate, betas=(0.9, 0.98))


def train(
    name: str, model: nn.Module, schedule: Schedule, losses: Callable[[int], dict[str, Tensor]],
    directory: Path | None = None, stop_after: int | None = None, say: Callable[[str], None] = print,
) -> Path:
    """Runs or resumes the run `name`; `losses(step)` gives named losses whose sum is minimised.

    Returns the run's directory. `stop_after` ends early, as a kill after that step would.
    """
    run = (directory or RUNS) / name
    run.mkdir(parents=True, exist_ok=True)
    optimizer = optimizer_for(model, schedule)
    first = _resume(run, model, optimizer)
    if first:
        say(f"{name}: resumed at step {first} of {schedule.steps}")
    began, since, sums = time.monotonic(), first, {}
    model.train()
    for step in range(first, schedule.steps):
        if step == stop_after:
            return run
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(step)
        optimizer.zero_grad(set_to_none=True)
        parts = losses(step)
        torch.stack([*parts.values()]).sum().backward()
        nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
        optimizer.step()
        for part, value in parts.items():
            sums[part] = sums.get(part, 0.0) + value.item()
        done = step + 1
        if done % schedule.report_every == 0 or done == schedule.steps:
            means = {part: value / (done - since) for part, value in sums.items()}
            append_curve(run / "curve.csv", done, means)
            spent = time.monotonic() - began
            left = spent / (done - first) * (schedule.steps - done)
            say(f"{name}: step {done}/{schedule.steps}  " + "  ".join(f"{k} {v:.4f}" for k, v in means.items())
                + f"  {spent / 60:.1f} min, {left / 60:.1f} min left")
            since, sums = done, {}
        if done % schedule.save_every == 0 or done == schedule.steps:
            save_state(run / "state.safetensors", model, optimizer, {"step": done})
    model.eval()
    return run


def start_from(name: str, model: nn.Module) -> int:
    """Gives a model the weights of another run, without its optimizer; returns the steps that run has done."""
    path = RUNS / name / "state.safetensors"
    if not path.exists():
        raise FileNotFoundError(f"There is no run {name} in {RUNS}.")
    tensors, metadata = safetensors.load(path)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            parameter.copy_(tensors[f"model.{parameter_name}"])
    return json.loads(metadata["step"])


def read_curve(run: Path) -> list[dict[str, float]]:
    """The rows of curve.csv: step and mean losses since the row before."""
    path = run / "curve.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def append_curve(path: Path, step: int, means: dict[str, float]) -> None:
    """Adds a row to a curve file, with a header where it is new."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(["step", *means])
        writer.writerow([step, *(f"{value:.5f}" for value in means.values())])


def save_state(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: dict) -> None:
    """Writes parameters, optimizer moments, PyTorch's random state and `progress` (JSON values) to one file."""
    tensors = {"random": torch.get_rng_state()}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:  # a frozen base stays where it came from
            continue
        tensors[f"model.{name}"] = parameter.detach()
        moments = optimizer.state.get(parameter)
        if moments:
            tensors[f"average.{name}"], tensors[f"square.{name}"] = moments["exp_avg"], moments["exp_avg_sq"]
            tensors[f"count.{name}"] = torch.as_tensor(moments["step"], dtype=torch.float32).reshape(1)
    safetensors.save(path, tensors, {key: json.dumps(value) for key, value in progress.items()})


def load_state(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict:
    """Restores what `save_state` wrote; returns its `progress`."""
    tensors, metadata = safetensors.load(path)
    torch.set_rng_state(tensors["random"])
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        with torch.no_grad():
            parameter.copy_(tensors[f"model.{name}"])
        if f"average.{name}" in tensors:
            optimizer.state[parameter] = {
                "step": tensors[f"count.{name}"][0].clone(), "exp_avg": tensors[f"average.{name}"].clone(),
                "exp_avg_sq": tensors[f"square.{name}"].clone()}
    return {key: json.loads(value) for key, value in metadata.items()}


def cut_curve(run: Path, step: int) -> None:
    """Drops the rows of curve.csv after a step: those of work that was lost in a kill."""
    rows = [row for row in read_curve(run) if row["step"] <= step]
    (run / "curve.csv").unlink(missing_ok=True)
    for row in rows:
        append_curve(run / "curve.csv", int(row.pop("step")), row)


def _resume(run: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Loads the state of a run, if it has one; returns the number of steps already done."""
    path = run / "state.safetensors"
    step = load_state(path, model, optimizer)["step"] if path.exists() else 0
    cut_curve(run, step)
    return step
