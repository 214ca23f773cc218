"""Quiet-STaR (arXiv 2403.09629) on a base: teaches it to think before every token, and writes a checkpoint directory.

    python3 -m training.quiet_star.train --base checkpoints/base-stories --out checkpoints/quiet-star-stories
    python3 -m training.quiet_star.train --base checkpoints/base-stories --variant control      no thoughts, equal texts
    python3 -m training.quiet_star.train --base DIR --out DIR --data FILE.jsonl

A killed run continues where it was when the same command is given again.
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")  # before torch: Debian's OpenBLAS picks SSE3 kernels by itself
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common import loop  # noqa: E402
from ..common.base import Base  # noqa: E402
from .data import from_file, stories, texts  # noqa: E402
from .evaluate import measure  # noqa: E402
from .export import export  # noqa: E402
from .losses import losses, pad, plain_loss  # noqa: E402
from .model import QuietStarDecoder, Settings  # noqa: E402

THOUGHT_TOKENS = ("<|startthought|>", "<|endthought|>")


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, help="Hugging Face checkpoint directory to start from")
    parser.add_argument("--out", help="checkpoint directory to write")
    parser.add_argument("--name", help="of the run in training/runs; a run of that name is resumed")
    parser.add_argument("--variant", choices=("quiet-star", "control"), default="quiet-star")
    parser.add_argument("--data", help="JSONL with question and answer; default: word problems made on the fly")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--batch", type=int, default=8, help="texts per step")
    parser.add_argument("--passes", type=int, default=2, help="thoughts drawn at each place")
    parser.add_argument("--n-ahead", type=int, default=12, help="iterations: the base one, start, the thought, end")
    parser.add_argument("--n-ahead-talk", type=int, default=4, help="tokens a thought is judged by")
    parser.add_argument("--embedding-scale", type=float, default=2.0, help="100 in the published code, for a rate of 1e-6")
    parser.add_argument("--learning-rate", type=float, default=5e-4, help="peak; 1e-6 suits a base of billions of parameters")
    parser.add_argument("--policy-weight", type=float, default=1.0, help="of the REINFORCE loss")
    parser.add_argument("--init", default="---", help="text whose first token the start and end vectors begin as")
    parser.add_argument("--evaluate", type=int, default=300, help="held-out problems of each kind")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> dict:
    """Runs the recipe; returns what was measured."""
    chosen = arguments(given)
    torch.set_num_threads(1)
    base = Base(chosen.base)
    words = base.config.vocab_size
    ids = [base.token(token) for token in THOUGHT_TOKENS]
    settings = Settings(chosen.n_ahead, chosen.n_ahead_talk, chosen.embedding_scale, min(words, *ids))
    model, form = QuietStarDecoder(base.config, settings), base.format
    base.load_into(model)
    model.start_as(form.tokenizer.encode(chosen.init)[0], torch.Generator().manual_seed(chosen.seed))
    source = from_file(chosen.data) if chosen.data else stories
    thinking = chosen.variant == "quiet-star"

    def step_losses(step: int) -> dict[str, torch.Tensor]:
        batch = pad(texts(source, form, chosen.seed, step, chosen.batch, base.config.context))
        with torch.autocast("cpu", torch.bfloat16):
            if not thinking:
                return {"plain": plain_loss(model, batch)}
            generator = torch.Generator().manual_seed(chosen.seed << 32 | step)
            return losses(model, batch, chosen.passes, chosen.policy_weight, generator)

    name = chosen.name or f"{chosen.variant}-{base.directory.name}-{chosen.seed}"
    measured = bool(chosen.evaluate and not chosen.data)
    before = _kept(loop.RUNS / name / "before.json", lambda: measure(model, form, chosen.evaluate, False)) if measured else {}
    run = loop.train(name, model, loop.Schedule(
        chosen.steps, chosen.learning_rate, warm_up=min(20, chosen.steps), final=0.1, weight_decay=0.001, save_every=20,
        report_every=10), step_losses)

    # What is measured is what is shipped: weights rounded to bf16, computed in f32.
    model.load_state_dict({key: value.bfloat16().float() for key, value in model.state_dict().items()})
    if chosen.out:
        export(model, base, chosen.out)
        print(f"Written to {chosen.out}", flush=True)
    if not measured:
        return {}
    result = measure(model, form, chosen.evaluate, thinking)
    Path(run / "result.json").write_text(json.dumps(vars(chosen) | {"run": name, "before": before, "measured": result}, indent=1) + "\n")
    print(json.dumps(result), flush=True)
    return result


def _kept(path: Path, compute: Callable[[], dict]) -> dict:
    """What a file says, or what is computed and written there: a resumed run no longer has the model it began with."""
    if not path.exists():
        found = compute()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))
    return json.loads(path.read_text())


if __name__ == "__main__":
    main()
