"""Trains the shared base of Bitune, Quiet-STaR and TPO from nothing, or continues a Hugging Face base on its texts.

    python3 -m training.base.train --out checkpoints/base-stories
    python3 -m training.base.train --base DIR --out DIR

A plain language model: the loss covers the answers, and the questions with a smaller weight. A killed run continues
where it was when the same command is given again.
"""

import argparse
import json
import os
import random
from dataclasses import dataclass

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")  # before torch: Debian's OpenBLAS picks SSE3 kernels by itself
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from ..common import checkpoint, loop  # noqa: E402
from ..common.base import Base  # noqa: E402
from ..common.decoder import Decoder, DecoderConfig  # noqa: E402
from ..common.format import Format, start_ids  # noqa: E402
from . import tokenizer  # noqa: E402
from .evaluate import measure  # noqa: E402
from .texts import draw  # noqa: E402

ASKED_WEIGHT = 0.3  # of the loss on the questions: names and numbers in them cannot be foreseen


@dataclass
class Batch:
    """Texts packed one after another, and the positions whose *next* token is learned."""

    ids: Tensor      # [tokens]
    lengths: Tensor  # [texts]
    asked: Tensor    # positions within questions (their first word cannot be foreseen)
    said: Tensor     # positions within answers, the end of sequence included


def step_batch(
    form: Format, start: list[int], seed: int, step: int, steps: int, size: int, context: int,
) -> Batch:
    """The batch of one step, a function of (seed, step); `start` begins every text.

    Texts longer than the context are drawn again.
    """
    rng = random.Random(f"train/{seed}/{step}")
    ids, lengths, asked, said = [], [], [], []
    encode = form.tokenizer.encode
    while len(lengths) < size:
        text = draw(rng, step / steps)
        # Markers never stand in the texts, and the cuts lie between words: parts may be encoded on their own.
        given, question, answer = start + encode(text.given), encode(text.asked), encode(text.said) + [form.eos]
        row = given + question + answer
        if len(row) > context:
            continue
        at = len(ids) + len(given)
        asked += range(at, at + len(question) - 1)
        said += range(at + len(question) - 1, at + len(question) + len(answer) - 1)
        ids += row
        lengths.append(len(row))
    return Batch(*(torch.tensor(part, dtype=torch.int64) for part in (ids, lengths, asked, said)))


def losses(model: Decoder, batch: Batch) -> dict[str, Tensor]:
    """Mean cross entropies {said, asked}."""
    states = model.run_packed(model.embed(batch.ids), 0, model.config.layers, batch.lengths)
    said, asked = (F.cross_entropy(model.logits(states[at]).float(), batch.ids[at + 1]) for at in (batch.said, batch.asked))
    return {"said": said, "asked": ASKED_WEIGHT * asked}


def export(model: Decoder, directory: str, special_ids: dict[str, int]) -> None:
    """bf16 weights, config.json, greedy as the default decoding; no tokenizer files."""
    tensors = model.state_dict()
    if model.config.tied:
        del tensors["lm_head.weight"]
    config = {**model.config.to_hf(), **special_ids, "torch_dtype": "bfloat16"}
    checkpoint.write(directory, checkpoint.rounded(tensors), config, {**special_ids, "do_sample": False})


def main(given: list[str] | None = None) -> dict:
    """Runs the recipe; returns the measured accuracies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", help="of the run in training/runs; a run of that name is resumed")
    parser.add_argument("--out", help="checkpoint directory to write")
    parser.add_argument("--base", help="Hugging Face checkpoint directory to start from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--stop-at", type=int, help="end early, at a step whose state is saved (a multiple of 250)")
    parser.add_argument("--batch", type=int, default=64, help="texts per step")
    parser.add_argument("--learning-rate", type=float, help="peak; default 3e-3, with --base 1e-5")
    parser.add_argument("--layers", type=int, default=6, help="without --base")
    parser.add_argument("--width", type=int, default=128, help="without --base; a multiple of 32")
    parser.add_argument("--evaluate", type=int, default=300, help="number of held-out problems of each kind")
    chosen = parser.parse_args(given)
    torch.set_num_threads(1)
    if chosen.base:
        base = Base(chosen.base)
        form, config, model = base.format, base.config, Decoder(base.config)
        base.load_into(model)
        special_ids = {"eos_token_id": form.eos}
        start = start_ids(chosen.base, form.tokenizer)
    else:
        form = tokenizer.base_format(tokenizer.train())
        config = DecoderConfig(
            form.tokenizer.size, chosen.width, (chosen.width * 8 // 3 + 31) // 32 * 32, chosen.layers,
            chosen.width // 32, chosen.width // 32)
        model = Decoder(config)
        model.initialise(torch.Generator().manual_seed(chosen.seed))
        start = [form.tokenizer.added["<bos>"]]
        special_ids = {f"{name}_token_id": form.tokenizer.added[f"<{name}>"] for name in ("bos", "eos", "pad")}
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {config.vocab_size} tokens", flush=True)

    def step_losses(step: int) -> dict[str, Tensor]:
        batch = step_batch(form, start, chosen.seed, step, chosen.steps, chosen.batch, config.context)
        with torch.autocast("cpu", torch.bfloat16):
            return losses(model, batch)

    rate = chosen.learning_rate or (1e-5 if chosen.base else 3e-3)
    name = chosen.name or f"base-{chosen.seed}" + (f"-{base.directory.name}" if chosen.base else "")
    run = loop.train(name, model, loop.Schedule(chosen.steps, rate), step_losses, stop_after=chosen.stop_at)
    if chosen.stop_at:
        return {}

    # What is measured is what is shipped: weights rounded to bf16, computed in f32.
    model.load_state_dict({key: value.bfloat16().float() for key, value in model.state_dict().items()})
    if chosen.out:
        export(model, chosen.out, special_ids)
        if chosen.base:
            base.write_tokenizer(chosen.out)
        else:
            tokenizer.write_files(form.tokenizer, chosen.out, config.context)
        print(f"Written to {chosen.out}", flush=True)
    if not chosen.evaluate:
        return {}
    result = measure(model, form, chosen.evaluate)
    (run / "result.json").write_text(json.dumps(vars(chosen) | {"run": name, "accuracy": result}, indent=1) + "\n")
    print(json.dumps(result), flush=True)
    return result


if __name__ == "__main__":
    main()
