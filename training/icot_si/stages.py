"""The schedule of stepwise internalization: one stage per removed token, then one that anneals.

Published: one more token is removed after a fixed number of steps, with a new optimizer each time. Ours: a stage ends when
the model has it, that is when a moving average of its teacher-forced accuracy is above a threshold, with at least
`min_steps` and at most `max_steps` steps (equal numbers give the published schedule). Since every stage begins with a new
optimizer, the weights at its start are all there is to save, and another run may go on from there: `half` of a recipe is
`full` with the annealing stage after half of the removal. Stages are numbered by what they remove; the annealing one is
`remove` + 1.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..common import loop, safetensors


@dataclass
class Plan:
    """How fast tokens are removed, and how the rate goes."""

    remove: int               # tokens removed in the end
    anneal_steps: int
    first: int = 0            # the stage to begin with
    threshold: float = 0.9
    min_steps: int = 80
    max_steps: int = 700
    learning_rate: float = 1e-3
    warm_up: int = 20         # steps, after every reset of the optimizer
    final: float = 0.1        # share of the rate that annealing ends with
    weight_decay: float = 0.01
    clip: float = 1.0
    memory: float = 0.95      # of the moving average, which starts at 0 in every stage
    save_every: int = 250
    report_every: int = 50

    def removed(self, stage: int) -> int:
        """Tokens removed in a stage."""
        return min(stage, self.remove)

    def rate(self, stage: int, done: int) -> float:
        """Learning rate after `done` steps of a stage."""
        if done < self.warm_up:
            return self.learning_rate * (done + 1) / self.warm_up
        if stage <= self.remove:
            return self.learning_rate
        progress = (done - self.warm_up) / max(1, self.anneal_steps - self.warm_up)
        return self.learning_rate * (self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * progress)))

    def over(self, stage: int, done: int, average: float) -> bool:
        """Whether a stage ends after `done` steps."""
        if stage > self.remove:
            return done >= self.anneal_steps
        return done >= self.max_steps or (done >= self.min_steps and average > self.threshold)


@dataclass
class Progress:
    """Where a run is."""

    step: int = 0        # of all stages
    stage: int = 0
    done: int = 0        # steps of the stage
    average: float = 0.0


Step = Callable[[int, int], tuple[Tensor, float]]          # (step, removed) -> loss, share of sequences right
StageEnd = Callable[[int, int], dict[str, float]]          # (step, removed) -> measurements


def train(
    run: Path, model: nn.Module, plan: Plan, step_loss: Step, measure: StageEnd, stop_after: int | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Runs or resumes a run. `stages.jsonl` gets one line per finished stage; `stop_after` ends as a kill would."""
    run.mkdir(parents=True, exist_ok=True)
    (run / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n")
    optimizer = _optimizer(model, plan)
    at = Progress(stage=plan.first)
    if (run / "state.safetensors").exists():
        at = Progress(**loop.load_state(run / "state.safetensors", model, optimizer))
        say(f"{run.name}: resumed at step {at.step}, {plan.removed(at.stage)} tokens removed")
    elif (run / "start.safetensors").exists():
        at.step = load_stage(run / "start.safetensors", model)
    loop.cut_curve(run, at.step)
    _keep_lines(run / "stages.jsonl", at.step)
    began, first, sums = time.monotonic(), at.step, [0.0, 0.0, 0]
    while at.stage <= plan.remove + 1:
        if at.done == 0:
            save_stage(stage_file(run, at.stage), model, at.step)
        removed = plan.removed(at.stage)
        model.train()
        while not plan.over(at.stage, at.done, at.average):
            if at.step == stop_after:
                return
            for group in optimizer.param_groups:
                group["lr"] = plan.rate(at.stage, at.done)
            optimizer.zero_grad(set_to_none=True)
            loss, right = step_loss(at.step, removed)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
            optimizer.step()
            at.step, at.done = at.step + 1, at.done + 1
            at.average = plan.memory * at.average + (1 - plan.memory) * right
            sums = [sums[0] + loss.item(), sums[1] + right, sums[2] + 1]
            if at.step % plan.report_every == 0:
                means = {"loss": sums[0] / sums[2], "right": sums[1] / sums[2], "removed": removed}
                loop.append_curve(run / "curve.csv", at.step, means)
                spent = time.monotonic() - began
                say(f"{run.name}: step {at.step}, {removed} of {plan.remove} tokens removed, {at.done} steps in the stage  "
                    f"loss {means['loss']:.4f}  right {100 * means['right']:.1f} %  {spent / 60:.1f} min, at most "
                    f"{spent / (at.step - first) * _steps_left(plan, at) / 60:.0f} min left")
                sums = [0.0, 0.0, 0]
            if at.step % plan.save_every == 0:
                loop.save_state(run / "state.safetensors", model, optimizer, asdict(at))
        model.eval()
        line = {"step": at.step, "removed": removed, "annealed": at.stage > plan.remove, "steps": at.done,
                "average": round(at.average, 4)}
        line |= measure(at.step, removed)
        with (run / "stages.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        say(f"{run.name}: stage done {json.dumps(line)}")
        # Published: a new optimizer whenever a token more is removed.
        optimizer = _optimizer(model, plan)
        at = Progress(at.step, at.stage + 1)
        loop.save_state(run / "state.safetensors", model, optimizer, asdict(at))


def stage_file(run: Path, stage: int) -> Path:
    """Where the weights at the start of a stage are."""
    return run / f"stage-{stage:02}.safetensors"


def read_stages(run: Path) -> list[dict]:
    """The lines of stages.jsonl."""
    path = run / "stages.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def save_stage(path: Path, model: nn.Module, step: int) -> None:
    """The weights at the start of a stage."""
    safetensors.save(path, {name: p.detach() for name, p in model.named_parameters()}, {"step": str(step)})


def load_stage(path: Path, model: nn.Module) -> int:
    """Takes the weights of a stage's start; returns the step it was reached at."""
    tensors, metadata = safetensors.load(path)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensors[name])
    return int(metadata["step"])


def _optimizer(model: nn.Module, plan: Plan) -> torch.optim.AdamW:
    return loop.optimizer_for(model, loop.Schedule(0, plan.learning_rate, weight_decay=plan.weight_decay))


def _steps_left(plan: Plan, at: Progress) -> int:
    """An upper bound on the steps still to do."""
    if at.stage > plan.remove:
        return plan.anneal_steps - at.done
    return plan.max_steps * (plan.remove + 1 - at.stage) - at.done + plan.anneal_steps


def _keep_lines(path: Path, step: int) -> None:
    """Drops stages that ended after a step, which are trained again after a kill."""
    if path.exists():
        lines = [line for line in path.read_text().splitlines() if json.loads(line)["step"] <= step]
        path.write_text("".join(f"{line}\n" for line in lines))
