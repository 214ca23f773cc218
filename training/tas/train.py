"""Trains a TaS model on word problems, from scratch or from a Hugging Face base, and writes a checkpoint directory.

    python3 -m training.tas.train --out checkpoints/tas-stories     the committed checkpoint
    python3 -m training.tas.train --variant control                 no thoughts, equal size, examples and steps
    python3 -m training.tas.train --variant last                    thinking head after the last layer
    python3 -m training.tas.train --base DIR --out DIR              fine-tunes a base in safetensors layout

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

from ..common import loop, story_tokenizer  # noqa: E402
from ..common.base import Base  # noqa: E402
from ..common.decoder import DecoderConfig  # noqa: E402
from ..common.format import Format  # noqa: E402
from ..common.stories import CORE_QUESTIONS, QUESTIONS, drill, evaluation_set, tell  # noqa: E402
from .evaluate import MAX_THOUGHT, measure  # noqa: E402
from .export import export  # noqa: E402
from .model import Batch, Sample, TasDecoder, losses, pack  # noqa: E402

OFF_SHARE = 0.1  # of the samples have no thought, so that "thoughts off" is a trained mode

# Bare sums among the samples: many at first, when arithmetic is what is learned, then as many as stories.
DRILL_SHARE, LATER_DRILL_SHARE, EARLY_STEPS = 0.7, 0.5, 0.35

Triple = tuple[str, str, str]  # question, thought, answer
Source = Callable[[random.Random, float], Triple]


def stories(questions: tuple[str, ...]) -> Source:
    """Word problems and bare sums; the second argument is the share of the training steps already done."""
    def draw(rng: random.Random, progress: float) -> Triple:
        share = DRILL_SHARE if progress < EARLY_STEPS else LATER_DRILL_SHARE
        if rng.random() < share:
            problem = drill(rng, held_out=False, comparing="compare" in questions)
        else:
            problem = tell(rng, held_out=False, questions=questions)
        return problem.text, problem.thought, problem.answer
    return draw


def from_file(path: str) -> Source:
    """Random lines of a JSONL file with the fields question, thought and answer."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    rows = [(row["question"], row["thought"], row["answer"]) for row in map(json.loads, filter(None, lines))]
    return lambda rng, progress: rng.choice(rows)


def step_batch(
    source: Source, form: Format, thought_end: int, seed: int, step: int, steps: int, size: int, off_share: float,
    context: int,
) -> Batch:
    """The batch of one step, a function of (seed, step). Samples longer than the context are drawn again."""
    rng = random.Random(f"train/{seed}/{step}")
    samples: list[Sample] = []
    while len(samples) < size:
        question, thought, answer = source(rng, step / steps)
        off = rng.random() < off_share
        sample = Sample(
            form.prompt(question), ([] if off else form.tokenizer.encode(thought)) + [thought_end],
            form.tokenizer.encode(answer) + [form.eos], off)
        if len(sample.question) + len(sample.thought) + len(sample.answer) <= context:
            samples.append(sample)
    return pack(samples)


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", help="of the run in training/runs; a run of that name is resumed")
    parser.add_argument("--out", help="checkpoint directory to write")
    parser.add_argument("--variant", choices=("tas", "control", "last"), default="tas")
    parser.add_argument("--base", help="Hugging Face checkpoint directory to start from")
    parser.add_argument("--data", help="JSONL with question, thought, answer; default: word problems made on the fly")
    parser.add_argument("--questions", default=",".join(CORE_QUESTIONS), help=f"kinds of question, of {','.join(QUESTIONS)}")
    parser.add_argument("--start", help="name of a run whose weights to start from; its steps count as done")
    parser.add_argument("--stop-at", type=int, help="end early, at a step whose state is saved (a multiple of 250)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=2200)
    parser.add_argument("--batch", type=int, default=64, help="sequences per step")
    parser.add_argument("--learning-rate", type=float, help="peak; default 3e-3, with --base 1e-5")
    parser.add_argument("--layers", type=int, default=6, help="without --base")
    parser.add_argument("--width", type=int, default=128, help="without --base; a multiple of 32")
    parser.add_argument("--thinking-layer", type=int, help="k; default half of the layers")
    parser.add_argument("--thought-weight", type=float, default=1.0, help="lambda: weight of the thinking loss")
    parser.add_argument("--thought-end", default="<thought_end>", help="end-of-thought token; a new one is added to a base")
    parser.add_argument("--max-thought", type=int, default=MAX_THOUGHT, help="max_thought_tokens in config.json")
    parser.add_argument("--evaluate", type=int, default=600, help="number of held-out problems")
    parser.add_argument("--device", default="cpu")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> dict:
    """Runs the recipe; returns the measured accuracies (empty for data from a file)."""
    chosen = arguments(given)
    torch.set_num_threads(1)
    questions = tuple(chosen.questions.split(","))
    base = Base(chosen.base) if chosen.base else None
    form = base.format if base else story_tokenizer.story_format(story_tokenizer.train())
    thought_end = base.token(chosen.thought_end) if base else form.tokenizer.added["<thought_end>"]
    form = base.format if base else form
    config = base.config if base else DecoderConfig(
        form.tokenizer.size, chosen.width, (chosen.width * 8 // 3 + 31) // 32 * 32, chosen.layers,
        chosen.width // 32, chosen.width // 32)
    k = config.layers if chosen.variant == "last" else chosen.thinking_layer or max(1, config.layers // 2)
    model = TasDecoder(config, k)
    if base:
        base.load_into(model)
    else:
        model.initialise(torch.Generator().manual_seed(chosen.seed))
    model.start_thinking_as_speaking()
    before = loop.start_from(chosen.start, model) if chosen.start else 0
    model.to(chosen.device)

    source = from_file(chosen.data) if chosen.data else stories(questions)
    off_share = 1.0 if chosen.variant == "control" else OFF_SHARE

    def step_losses(step: int) -> dict[str, torch.Tensor]:
        batch = step_batch(
            source, form, thought_end, chosen.seed, before + step, chosen.steps, chosen.batch, off_share,
            config.context).to(chosen.device)
        with torch.autocast(torch.device(chosen.device).type, torch.bfloat16):
            return losses(model, batch, chosen.thought_weight)

    rate = chosen.learning_rate or (1e-5 if base else 3e-3)
    name = chosen.name or f"tas-{chosen.variant}-{chosen.seed}" + (f"-{base.directory.name}" if base else "")
    run = loop.train(name, model, loop.Schedule(chosen.steps, rate), step_losses, stop_after=chosen.stop_at)
    if chosen.stop_at:
        return {}

    # What is measured is what is shipped: weights rounded to bf16, computed in f32.
    model.to("cpu").load_state_dict({key: value.bfloat16().float() for key, value in model.state_dict().items()})
    if chosen.out:
        special = special_ids(base, form)
        export(model, chosen.out, thought_end, chosen.max_thought, special)
        if base:
            base.write_tokenizer(chosen.out)
        else:
            story_tokenizer.write_files(form.tokenizer, chosen.out, config.context)
        print(f"Written to {chosen.out}", flush=True)
    if chosen.data or not chosen.evaluate:
        return {}
    result = measure(
        model, form, thought_end, evaluation_set(chosen.evaluate, questions=questions), thoughts=chosen.variant != "control")
    (run / "result.json").write_text(json.dumps(vars(chosen) | {"run": name, "k": k, "accuracy": result}, indent=1) + "\n")
    print(json.dumps(result), flush=True)
    return result


def special_ids(base: Base | None, form: Format) -> dict[str, int]:
    """The token ids for config.json: those of the base, or those of the story tokenizer."""
    if base:
        return {"eos_token_id": form.eos}
    added = form.tokenizer.added
    return {"bos_token_id": added["<bos>"], "eos_token_id": added["<eos>"], "pad_token_id": added["<pad>"]}


if __name__ == "__main__":
    main()
