"""Writes the golden file of a Bitune or LoRA directory, on held-out requests.

    python3 -m training.bitune.golden checkpoints/bitune-stories tests/Models.Tests/Golden/bitune-stories.jsonl
    python3 -m training.bitune.golden checkpoints/lora-stories tests/Models.Tests/Golden/lora-stories.jsonl
"""

import argparse
import os

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common import generate, golden, lora  # noqa: E402
from ..common.changes import evaluation_set  # noqa: E402
from .evaluate import MAX_ANSWER, load  # noqa: E402
from .model import Reader  # noqa: E402


def answer_one(reader: Reader, ids: list[int], eos: int, limit: int = MAX_ANSWER) -> generate.Generation:
    """One prompt: read, then its last token and the answer on the mixed cache."""
    cache = reader.read(torch.tensor([ids[:-1]]), torch.zeros(1, dtype=torch.int64))
    return generate.one(reader.causal, ids[-1:], eos, limit, cache, len(ids) - 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    parser.add_argument("--size", type=int, default=240)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    reader, form = load(chosen.checkpoint)
    requests = (evaluation_set(chosen.size - chosen.size // 5, seed=2)
               + evaluation_set(chosen.size // 5, seed=3, invented=0.5))
    golden.write(chosen.out, golden.answer_lines(
        lora.base_directory(chosen.checkpoint), form, [(item.text, item.answer) for item in requests],
        lambda ids: answer_one(reader, ids, form.eos), MAX_ANSWER))
