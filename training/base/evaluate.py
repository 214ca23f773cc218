"""What the shared base can do on held-out problems: directly, with its working shown, and with TPO's thought prompt."""

import argparse
import json
import random
from pathlib import Path

import torch

from ..common import checkpoint, generate
from ..common.decoder import Decoder, DecoderConfig
from ..common.facts import HandOvers, Owners
from ..common.format import Format, read_format
from ..common.stories import evaluation_set, is_held_out
from .texts import ANSWER, RESPONSE_MARKER, SHOW, THOUGHT_MARKER, THOUGHT_PROMPT

MAX_ANSWER = 96


def load(directory: str | Path) -> tuple[Decoder, Format]:
    """A plain checkpoint with its weights widened to f32, and its format."""
    model = Decoder(DecoderConfig.from_hf(checkpoint.read_config(directory)))
    tensors = checkpoint.read_tensors(directory)
    if model.config.tied:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    model.load_state_dict(tensors)
    return model.eval(), read_format(directory)


def replies(model: Decoder, form: Format, questions: list[str]) -> list[str]:
    """Greedy answers as text, with the leading space."""
    return [form.decode(ids) for ids in generate.many(model, [form.prompt(q) for q in questions], form.eos, MAX_ANSWER)]


def look_ups(size: int, seed: int = 0) -> list[tuple[str, str]]:
    """Held-out facts with a question about one of them, and the answer."""
    rng, out = random.Random(f"held-out-look-ups/{seed}"), []
    while len(out) < size:
        facts = Owners(rng, rng.randint(2, 6), 0.0) if len(out) % 3 else HandOvers(rng, rng.randint(1, 3), 0.0)
        if is_held_out(facts.key):
            asked, answer = facts.look_up(rng)
            out.append((f"{facts.tell(rng)} {asked}", answer))
    return out


def measure(model: Decoder, form: Format, size: int, seed: int = 0) -> dict[str, float]:
    """Percent right, exact match, greedy. `format`: both markers of the thought prompt are there, in order."""
    problems = evaluation_set(size, seed)
    direct = replies(model, form, [problem.text for problem in problems])
    worked = replies(model, form, [problem.text + SHOW for problem in problems])
    thought = replies(model, form, [THOUGHT_PROMPT.format(problem.text) for problem in problems])
    facts = look_ups(size, seed)
    found = replies(model, form, [text for text, _ in facts])

    def share(hits) -> float:
        hits = list(hits)
        return round(100 * sum(hits) / len(hits), 1)
    return {
        "direct": share(said == ANSWER.format(p.answer) for said, p in zip(direct, problems)),
        "worked": share(said == ANSWER.format(f"{p.thought}. {p.answer}") for said, p in zip(worked, problems)),
        "thought prompt": share(
            said.partition(RESPONSE_MARKER)[2].strip() == p.answer for said, p in zip(thought, problems)),
        "format": share(
            said.startswith(ANSWER.format(THOUGHT_MARKER)) and said.count(RESPONSE_MARKER) == 1 for said in thought),
        "look-up": share(said == ANSWER.format(answer) for said, (_, answer) in zip(found, facts))}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the shared base on held-out problems.")
    parser.add_argument("checkpoint")
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="of the evaluation set")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(measure(*load(chosen.checkpoint), chosen.size, chosen.seed), indent=1))
