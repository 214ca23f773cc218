"""Trains a TaS model on word problems, from scratch or from a Hugging Face base, and writes a checkpoint directory.

    python3 -m training.tas.train --out checkpoints/tas-stories            # the committed checkpoint
    python3 -m training.tas.train --variant control --name control-0       # no thoughts, equal size and steps
    python3 -m training.tas.train --variant last --name last-0             # thinking head after the last layer
    python3 -m training.tas.train --base DIR --out DIR                     # fine-tune a base in safetensors layout
"""

import argparse
import json
import os
import random

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")  # before torch: Debian's detection picks SSE3 kernels
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common import loop, story_tokenizer  # noqa: E402
from ..common.bpe import Tokenizer  # noqa: E402
from ..common.decoder import DecoderConfig  # noqa: E402
from ..common.stories import evaluation_set, tell  # noqa: E402
from .evaluate import encode_prompt, measure  # noqa: E402
from .export import export  # noqa: E402
from .model import Sample, TasDecoder, losses, pack  # noqa: E402

OFF_SHARE = 0.1


def story_samples(tokenizer: Tokenizer, seed: int, step: int, size: int, off_share: float) -> list[Sample]:
    """The training samples of one step, a function of (seed, step)."""
    rng = random.Random(f"train/{seed}/{step}")
    end, eos = tokenizer.added["<thought_end>"], tokenizer.added["<eos>"]
    samples = []
    for _ in range(size):
        problem = tell(rng, held_out=False)
        off = rng.random() < off_share
        samples.append(Sample(
            encode_prompt(tokenizer, problem.text), ([] if off else tokenizer.encode(problem.thought)) + [end],
            tokenizer.encode(problem.answer) + [eos], off))
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", help="of the run in training/runs; a run of that name is resumed")
    parser.add_argument("--out", help="checkpoint directory to write")
    parser.add_argument("--variant", choices=("tas", "control", "last"), default="tas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=2600)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=1.5e-3)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--thinking-layer", type=int, default=3)
    parser.add_argument("--thought-weight", type=float, default=1.0, help="lambda of the loss")
    parser.add_argument("--evaluate", type=int, default=600, help="number of held-out problems")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    name = chosen.name or f"tas-{chosen.variant}-{chosen.seed}"

    tokenizer = story_tokenizer.train()
    config = DecoderConfig(
        tokenizer.size, chosen.width, (chosen.width * 8 // 3 + 31) // 32 * 32, chosen.layers, chosen.width // 32,
        chosen.width // 32)
    model = TasDecoder(config, chosen.layers if chosen.variant == "last" else chosen.thinking_layer)
    model.initialise(torch.Generator().manual_seed(chosen.seed))
    model.start_thinking_as_speaking()
    off_share = 1.0 if chosen.variant == "control" else OFF_SHARE

    def step_losses(step: int) -> dict[str, torch.Tensor]:
        batch = pack(story_samples(tokenizer, chosen.seed, step, chosen.batch, off_share))
        with torch.autocast("cpu", torch.bfloat16):
            return losses(model, batch, chosen.thought_weight)

    run = loop.train(name, model, loop.Schedule(chosen.steps, chosen.learning_rate), step_losses)
    model.load_state_dict({key: value.bfloat16().float() for key, value in model.state_dict().items()})
    result = measure(model, tokenizer, evaluation_set(chosen.evaluate), thoughts=chosen.variant != "control")
    (run / "result.json").write_text(json.dumps(vars(chosen) | {"accuracy": result}, indent=1) + "\n")
    print(json.dumps(result))
    if chosen.out:
        export(model, tokenizer, chosen.out)
        print(f"Written to {chosen.out}")


if __name__ == "__main__":
    main()
