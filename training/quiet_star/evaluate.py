"""What the thoughts of a Quiet-STaR checkpoint are worth on held-out problems: accuracy and perplexity, with and without."""

import argparse
import json
import math
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common import checkpoint  # noqa: E402
from ..common.base import Base  # noqa: E402
from ..common.decoder import DecoderConfig  # noqa: E402
from ..common.format import Format, read_format  # noqa: E402
from ..common.stories import Problem  # noqa: E402
from .data import answer_ids, held_out  # noqa: E402
from .inference import generate  # noqa: E402
from .losses import future_losses, pad, plain_losses  # noqa: E402
from .model import QuietStarDecoder, Settings  # noqa: E402
from .parallel import draw_thoughts  # noqa: E402

MAX_ANSWER = 32


def load(directory: str | Path) -> tuple[QuietStarDecoder, Format]:
    """A Quiet-STaR checkpoint in f32; another Llama-layout checkpoint is loaded with a head that gives w = 0."""
    config = checkpoint.read_config(directory)
    thinking = config.get("thinking", {})
    if thinking.get("method") != "quiet_star":
        base = Base(directory)
        model = QuietStarDecoder(base.config, Settings(base_vocab=base.config.vocab_size))
        base.load_into(model)
        model.start_as(0, torch.Generator().manual_seed(0))
        return model.eval(), base.format
    settings = Settings(
        thinking["n_ahead"], config["max_thoughts"] - thinking["n_ahead"] - 1, thinking["embedding_scale"],
        thinking["base_vocab_size"])
    model = QuietStarDecoder(DecoderConfig.from_hf(config), settings)
    tensors = checkpoint.read_tensors(directory)
    if model.config.tied:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    model.load_state_dict(tensors)
    return model.eval(), read_format(directory)


def accuracy(model: QuietStarDecoder, form: Format, problems: list[Problem], thinking: bool, size: int = 64) -> float:
    """Percent of answers that are right as a whole, greedy."""
    right = 0
    for at in range(0, len(problems), size):
        some = problems[at:at + size]
        done = generate(model, [form.prompt(problem.text) for problem in some], form.eos, MAX_ANSWER, thinking)
        for problem, result in zip(some, done):
            text = form.decode([token for token in result.answer if token != form.eos])
            right += text.strip() == problem.answer
    return round(100 * right / len(problems), 1)


@torch.no_grad()
def perplexity(
    model: QuietStarDecoder, form: Format, problems: list[Problem], thinking: bool = True, seed: int = 0, size: int = 16,
) -> dict[str, float]:
    """Perplexity per token of the held-out texts and of their answers alone: `off` from the state before the thought,
    `on` with one thought per place, drawn at temperature 1; `weight` is the mean w over the answers' tokens."""
    generator = torch.Generator().manual_seed(seed)
    sums = dict.fromkeys(("text off", "text on", "answer off", "answer on", "weight"), 0.0)
    tokens = answers = 0
    for at in range(0, len(problems), size):
        prompts = [form.prompt(problem.text) for problem in problems[at:at + size]]
        batch = pad([prompt + answer_ids(form, problem.answer) for prompt, problem in zip(prompts, problems[at:])])
        if thinking:
            plain, (mixed,), _, weight = future_losses(model, batch, draw_thoughts(model, batch.ids, generator), 1)
        else:
            plain = mixed = weight = plain_losses(model, batch)
        spoken = batch.valid(1) & (torch.arange(batch.ids.shape[1])[None, :] + 1 >= torch.tensor([*map(len, prompts)])[:, None])
        tokens, answers = tokens + int(batch.valid(1).sum()), answers + int(spoken.sum())
        for key, value in (("text off", plain), ("text on", mixed)):
            sums[key] += value.sum().item()
            sums[key.replace("text", "answer")] += value[spoken].sum().item()
        sums["weight"] += weight[spoken].sum().item()
    out = {key: round(math.exp(value / (tokens if "text" in key else answers)), 3)
           for key, value in sums.items() if key != "weight"} | {"weight": round(sums["weight"] / answers, 3)}
    return out if thinking else {key: value for key, value in out.items() if "off" in key}


def measure(model: QuietStarDecoder, form: Format, size: int, thinking: bool = True, seed: int = 0) -> dict:
    """Accuracy and perplexity for each kind of held-out problem."""
    out = {}
    for kind, problems in held_out(size, seed).items():
        out[kind] = {"off": accuracy(model, form, problems, False)} | perplexity(model, form, problems, thinking)
        if thinking:
            out[kind]["on"] = accuracy(model, form, problems, True)
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    parser.add_argument("--size", type=int, default=300, help="problems of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the evaluation set")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    loaded = load(chosen.checkpoint)
    print(json.dumps(measure(*loaded, chosen.size, loaded[0].talk_head[0][4].weight.any().item(), chosen.seed), indent=1))
