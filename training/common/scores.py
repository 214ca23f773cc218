"""Writes golden files of scored prompts: what one dense f32 forward says of each token of a text given those before it.

    python3 -m training.common.scores checkpoints tests/Models.Tests/GoldenScores

The texts are prompts of the golden files beside the target, each followed by its answer. The head is the one that
answers, after the last layer: TaS at full depth, Quiet-STaR without thoughts, the student of ICoT-KD as it reads what
stands before the separator. One JSON object a line: `ids`; from the second token on `logprobs`, `ranks` (1 + how many
tokens are more likely) and `top`, the ids of the three most likely. A rank or a top is null where it hangs on two
logits that are closer than 1e-3: another implementation may round them the other way.
"""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from ..base import evaluate as base  # noqa: E402
from ..icot_kd import evaluate as icot_kd  # noqa: E402
from ..icot_si import evaluate as icot_si  # noqa: E402
from ..quiet_star import evaluate as quiet_star  # noqa: E402
from ..tas import evaluate as tas  # noqa: E402
from ..tpo import evaluate as tpo  # noqa: E402
from .decoder import Decoder  # noqa: E402
from .golden import rounded  # noqa: E402
from .gpt2 import Gpt2  # noqa: E402

LINES = 40
TOP = 3
TIE = 1e-3

Logits = Callable[[Tensor], Tensor]  # ids [T] -> [T, V]


def llama(model: Decoder) -> Logits:
    def logits(ids: Tensor) -> Tensor:
        return model.logits(model.run_packed(model.embed(ids), 0, model.config.layers, torch.tensor([len(ids)])))
    return logits


def gpt2(model: Gpt2) -> Logits:
    return lambda ids: model.logits(model.run_packed(ids, torch.tensor([len(ids)])))


def words(model: quiet_star.QuietStarDecoder) -> Logits:
    """Only ids that are words: the others are never said, and have no probability."""
    whole = llama(model)
    return lambda ids: whole(ids)[:, :model.settings.base_vocab]


MODELS: dict[str, Callable[[Path], Logits]] = {
    "base-stories": lambda path: llama(base.load(path)[0]),
    "tas-stories": lambda path: llama(tas.load(path)[0]),
    "quiet-star-stories": lambda path: words(quiet_star.load(path)[0]),
    "tpo-stories": lambda path: llama(tpo.load(str(path))[0]),
    "icot-si-half": lambda path: gpt2(icot_si.load(path)[0]),
    "icot-kd": lambda path: gpt2(icot_kd.load(path)[0].base_model),
}


@torch.no_grad()
def score(logits: Logits, ids: list[int]) -> dict:
    """One line."""
    rows = logits(torch.tensor(ids))[:-1].double()
    logprobs = rows.log_softmax(-1)
    given = logprobs.gather(1, torch.tensor(ids[1:])[:, None])
    best = logprobs.topk(TOP + 1, dim=-1)
    near = ((logprobs - given).abs() < TIE).sum(1) > 1  # the token itself is one
    tied = (-best.values.diff(dim=1) < TIE).any(1)
    return {
        "ids": ids, "logprobs": [rounded(value) for value in given[:, 0].tolist()],
        "ranks": [None if no else rank for no, rank in zip(near.tolist(), (1 + (logprobs > given).sum(1)).tolist())],
        "top": [None if no else top for no, top in zip(tied.tolist(), best.indices[:, :TOP].tolist())]}


def texts(golden: Path) -> list[list[int]]:
    """Prompts with what was answered, from all over the file."""
    lines = [json.loads(line) for line in golden.read_text(encoding="utf-8").splitlines()]
    some = lines[::max(1, len(lines) // LINES)][:LINES]
    return [line["prompt_ids"] + line.get("output_ids", line.get("answer_ids", [])) for line in some]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, load in MODELS.items():
        logits = load(chosen.checkpoints / name)
        with (chosen.out / f"{name}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
            for text in texts(chosen.out.parent / "Golden" / f"{name}.jsonl"):
                file.write(json.dumps(score(logits, text)) + "\n")
