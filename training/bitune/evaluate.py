"""How many held-out requests a Bitune or LoRA directory answers right."""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import torch

from ..base.evaluate import load as load_base
from ..base.texts import QUESTION
from ..common import checkpoint, generate, lora
from ..common.changes import Request, evaluation_set
from ..common.decoder import Decoder
from ..common.facts import Puzzle
from ..common.format import PLAIN_PROMPT, Format
from .model import Bitune, BituneSettings, Reader

MAX_ANSWER = 32


def prompt_format(form: Format) -> Format:
    """The base's chat template where it has one, otherwise Bitune's own prompt."""
    return Format(form.tokenizer, form.eos, form.template.replace(PLAIN_PROMPT, QUESTION))


def load(directory: str | Path) -> tuple[Reader, Format]:
    """A directory with one adapter (LoRA) or two (Bitune), on the base its adapter_config.json names."""
    directory = Path(directory)
    base, form = load_base(lora.base_directory(directory))
    return Reader(read(directory, base)), prompt_format(form)


def read(directory: Path, base: Decoder) -> Bitune:
    """The adapters of a directory on a base."""
    causal, extra = lora.load(directory, base)
    two = (directory / "prefill").is_dir()
    settings = BituneSettings()
    if two:
        config = checkpoint.read_config(directory)
        settings = BituneSettings(config["pass_type"], config.get("s_init", 0.01), config.get("skip_bidir", 0))
    model = Bitune(base, causal.rank, causal.alpha, settings, "bitune" if two else "lora")
    model.causal = causal
    if two:
        # PEFT saves the shares with both adapters; only the root's are trained, so only those count.
        model.prefill, _ = lora.load(directory / "prefill", base)
        with torch.no_grad():
            model.pass_scale_k.weight.copy_(extra["pass_scale_k.weight"])
            model.pass_scale_v.weight.copy_(extra["pass_scale_v.weight"])
    return model.eval()


def answers(reader: Reader, prompts: list[list[int]], eos: int, size: int = 64) -> list[list[int]]:
    """Greedy answers without the end of sequence, many prompts at once."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    out: list[list[int]] = [[] for _ in prompts]
    for at in range(0, len(order), size):
        rows = order[at:at + size]
        width = max(len(prompts[i]) for i in rows)
        missing = torch.tensor([width - len(prompts[i]) for i in rows])
        ids = torch.tensor([[0] * (width - len(prompts[i])) + prompts[i] for i in rows])
        cache = reader.read(ids[:, :-1], missing)
        said = generate.continue_rows(reader.causal, ids[:, -1:], missing, cache, width - 1, eos, MAX_ANSWER)
        for i, answer in zip(rows, said):
            out[i] = answer
    return out


def measure(reader: Reader, form: Format, items: list[Request] | list[Puzzle]) -> dict[str, float]:
    """Percent right, exact match of the whole answer: all, per kind, per size."""
    said = answers(reader, [form.prompt(item.text) for item in items], form.eos)
    groups = defaultdict(list)
    for ids, item in zip(said, items):
        hit = form.decode(ids).strip() == item.answer
        for key in ("all", item.kind, f"size {item.size}"):
            groups[key].append(hit)
    return {key: round(100 * sum(hits) / len(hits), 1) for key, hits in sorted(groups.items())}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure a Bitune or LoRA directory on held-out requests.")
    parser.add_argument("checkpoint")
    parser.add_argument("--size", type=int, default=900)
    parser.add_argument("--seed", type=int, default=0, help="of the evaluation set")
    parser.add_argument("--invented", type=float, default=0.0, help="share of made-up names and things")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(measure(*load(chosen.checkpoint), evaluation_set(chosen.size, chosen.seed, chosen.invented)), indent=1))
