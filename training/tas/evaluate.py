"""How good a TaS checkpoint is on held-out problems, and how much its answers hang on its thoughts."""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import torch

from ..common import checkpoint
from ..common.decoder import DecoderConfig
from ..common.format import Format, read_format
from ..common.stories import Problem, evaluation_set
from .inference import greedy
from .model import TasDecoder

MAX_THOUGHT = 64
MAX_ANSWER = 48


def load(directory: str | Path) -> tuple[TasDecoder, Format, int]:
    """A TaS checkpoint with its weights widened to f32, its format, and the id of the end-of-thought token."""
    config = checkpoint.read_config(directory)
    thinking = config.get("thinking", {})
    if thinking.get("method") != "tas":
        raise ValueError(f"{directory} is not a TaS checkpoint: config.json has no thinking block of method tas.")
    model = TasDecoder(DecoderConfig.from_hf(config), thinking["thinking_layer"])
    tensors = checkpoint.read_tensors(directory)
    if model.config.tied:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    model.load_state_dict(tensors)
    return model.eval(), read_format(directory), thinking["thought_end_token_id"]


def measure(model: TasDecoder, form: Format, thought_end: int, problems: list[Problem], thoughts: bool = True) -> dict:
    """Accuracies in percent, exact match of the whole answer, greedy.

    `own`: with the model's own thoughts; `off`: none; `swapped`: the thought of the next problem in the list;
    `given`: the right thought; `thought`: the thought itself is right. A control has only `off`.
    """
    prompts = [form.prompt(problem.text) for problem in problems]

    def answers(given: list[list[int]]) -> dict:
        whole = [prompt + thought + [thought_end] for prompt, thought in zip(prompts, given)]
        texts = [form.decode(ids) for ids in _batched(model, whole, form.eos, MAX_ANSWER, False)]
        return _shares(problems, [text == problem.answer for text, problem in zip(texts, problems)])
    out = {"off": answers([[] for _ in problems])}
    if thoughts:
        own = _batched(model, prompts, thought_end, MAX_THOUGHT, True)
        right = [form.tokenizer.encode(problem.thought) for problem in problems]
        out["own"] = answers(own)
        out["swapped"] = answers(own[1:] + own[:1])
        out["given"] = answers(right)
        out["thought"] = _shares(problems, [mine == theirs for mine, theirs in zip(own, right)])
    return out


def _shares(problems: list[Problem], right: list[bool]) -> dict[str, float]:
    """Percent right: all, per number of operations and per kind of question."""
    groups = defaultdict(list)
    for problem, hit in zip(problems, right):
        for key in ("all", str(problem.operations), problem.question):
            groups[key].append(hit)
    return {key: round(100 * sum(hits) / len(hits), 1) for key, hits in sorted(groups.items())}


def _batched(
    model: TasDecoder, prompts: list[list[int]], end: int, limit: int, thinking: bool, size: int = 64,
) -> list[list[int]]:
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    out: list[list[int]] = [[] for _ in prompts]
    for at in range(0, len(order), size):
        rows = order[at:at + size]
        for i, ids in zip(rows, greedy(model, [prompts[i] for i in rows], end, limit, thinking)):
            out[i] = ids
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure a TaS checkpoint on held-out problems.")
    parser.add_argument("checkpoint")
    parser.add_argument("--size", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0, help="of the evaluation set")
    parser.add_argument("--invented", type=float, default=0.0, help="share of made-up names and things")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    result = measure(*load(chosen.checkpoint), evaluation_set(chosen.size, chosen.seed, chosen.invented))
    print(json.dumps(result, indent=1))
