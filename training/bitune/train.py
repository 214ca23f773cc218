"""Fine-tunes a base with Bitune, or with a control, on stories with a request at the end.

    python3 -m training.bitune.train --out checkpoints/bitune-stories                 the committed checkpoint
    python3 -m training.bitune.train --variant lora --out checkpoints/lora-stories    the control, plain LoRA
    python3 -m training.bitune.train --variant causal                                 two readings, both causal
    python3 -m training.bitune.train --base DIR --out DIR --data FILE.jsonl           your base and data

A killed run continues where it was when the same command is given again.
"""

import argparse
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")  # before torch: Debian's OpenBLAS picks SSE3 kernels by itself
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..base.texts import ANSWER  # noqa: E402
from ..common import changes, checkpoint, facts, loop  # noqa: E402
from ..common.base import Base  # noqa: E402
from ..common.decoder import Decoder  # noqa: E402
from ..common.format import Format  # noqa: E402
from .evaluate import measure, prompt_format  # noqa: E402
from .export import export  # noqa: E402
from .model import VARIANTS, Batch, Bitune, BituneSettings, Reader, answer_loss, pack  # noqa: E402

BASE = "checkpoints/base-stories"
Source = Callable[[random.Random], tuple[str, str]]  # question, answer


def requests(rng: random.Random) -> tuple[str, str]:
    """A request about the changes of a story, of the training side of the hold-out."""
    item = changes.request(rng, held_out=False, invented=0.02)
    return item.text, item.answer


def puzzles(rng: random.Random) -> tuple[str, str]:
    """A puzzle about facts, of the training side of the hold-out."""
    item = facts.puzzle(rng, held_out=False, invented=0.02)
    return item.text, item.answer


TASKS = {"changes": (requests, changes.evaluation_set), "puzzles": (puzzles, facts.evaluation_set)}


def from_file(path: str) -> Source:
    """Random lines of a JSONL file with the fields question and answer."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    rows = [(row["question"], row["answer"]) for row in map(json.loads, filter(None, lines))]
    return lambda rng: rng.choice(rows)


def step_batch(source: Source, form: Format, seed: int, step: int, size: int, context: int) -> Batch:
    """The batch of one step, a function of (seed, step). Samples longer than the context are drawn again."""
    rng = random.Random(f"train/{seed}/{step}")
    pairs: list[tuple[list[int], list[int]]] = []
    while len(pairs) < size:
        question, answer = source(rng)
        pair = form.prompt(question), form.tokenizer.encode(ANSWER.format(answer)) + [form.eos]
        if len(pair[0]) + len(pair[1]) <= context:
            pairs.append(pair)
    return pack(pairs)


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", help="of the run in training/runs; a run of that name is resumed")
    parser.add_argument("--out", help="directory to write")
    parser.add_argument("--variant", choices=VARIANTS, default="bitune")
    parser.add_argument("--base", default=BASE, help="Hugging Face checkpoint directory to fine-tune")
    parser.add_argument("--task", choices=[*TASKS], default="changes", help="what is made up on the fly")
    parser.add_argument("--data", help="JSONL with question and answer, instead of a task")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=32, help="sequences per step")
    parser.add_argument("--learning-rate", type=float, default=3e-3, help="peak; 3e-4 is usual for a large base")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=float, default=16, help="LoRA's alpha; the published runs use 1")
    parser.add_argument("--pass-type", type=int, default=607, help="607, 800 or 801")
    parser.add_argument("--s-init", type=float, default=0.01)
    parser.add_argument("--skip-bidir", type=int, default=0, help="n: only layers from n on; -n: only the first n; 0: all")
    parser.add_argument("--evaluate", type=int, default=900, help="number of held-out problems")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> dict:
    """Runs the recipe; returns the measured accuracies (empty for data from a file)."""
    chosen = arguments(given)
    torch.set_num_threads(1)
    base = Base(chosen.base)
    decoder = Decoder(base.config)
    base.load_into(decoder)
    form = prompt_format(base.format)
    settings = BituneSettings(chosen.pass_type, chosen.s_init, chosen.skip_bidir)
    model = Bitune(decoder, chosen.rank, chosen.alpha, settings, chosen.variant)
    model.initialise(torch.Generator().manual_seed(chosen.seed))
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    print(f"{trained:,} trained parameters on a base of {sum(p.numel() for p in decoder.parameters()):,}", flush=True)
    draw, held_out = TASKS[chosen.task]
    source = from_file(chosen.data) if chosen.data else draw

    def step_losses(step: int) -> dict[str, torch.Tensor]:
        batch = step_batch(source, form, chosen.seed, step, chosen.batch, base.config.context)
        with torch.autocast("cpu", torch.bfloat16):
            return {"answer": answer_loss(model, batch)}

    schedule = loop.Schedule(chosen.steps, chosen.learning_rate, warm_up=max(1, chosen.steps // 10), weight_decay=0.0)
    name = chosen.name or f"bitune-{chosen.task}-{chosen.variant}-{chosen.seed}-{base.directory.name}"
    run = loop.train(name, model, schedule, step_losses)

    # What is measured is what is shipped: adapters rounded to bf16 (the shares stay f32), computed in f32.
    with torch.no_grad():
        for adapter in (model.causal, getattr(model, "prefill", None)):
            for parameter in adapter.parameters() if adapter is not None else ():
                parameter.copy_(parameter.bfloat16())
    if chosen.out:
        relative = os.path.relpath(chosen.base, chosen.out)
        export(model, chosen.out, relative, checkpoint.read_config(chosen.base))
        print(f"Written to {chosen.out}, on the base {relative}", flush=True)
    if chosen.data or not chosen.evaluate:
        return {}
    result = measure(Reader(model), form, held_out(chosen.evaluate))
    shares = {} if chosen.variant in ("lora", "unmixed") else {
        "keys": [round(a, 3) for a in model.pass_scale_k.alpha().tolist()],
        "values": [round(a, 3) for a in model.pass_scale_v.alpha().tolist()]}
    (run / "result.json").write_text(json.dumps(
        vars(chosen) | {"run": name, "trained": trained, "accuracy": result, "shares": shares}, indent=1) + "\n")
    print(json.dumps(result | {"shares": shares}), flush=True)
    return result


if __name__ == "__main__":
    main()
