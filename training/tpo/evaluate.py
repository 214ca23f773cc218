"""How well a model follows the thought prompt, and how often its answers are right, on held-out problems."""

import argparse
import json
import os

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch  # noqa: E402

from ..common.base import Base  # noqa: E402
from ..common.decoder import Decoder  # noqa: E402
from ..common.format import Format  # noqa: E402
from ..common.sampling import sample  # noqa: E402
from ..common.stories import Problem, evaluation_set  # noqa: E402
from .prompts import PROMPTS, ThoughtPrompt, split  # noqa: E402

MAX_OUTPUT = 96


def load(directory: str) -> tuple[Decoder, Format]:
    """A Llama-layout checkpoint in f32, and its format."""
    base = Base(directory)
    model = Decoder(base.config)
    base.load_into(model)
    return model.eval(), base.format


def measure(
    model: Decoder, form: Format, prompt: ThoughtPrompt, problems: list[Problem], limit: int = MAX_OUTPUT,
    temperature: float = 0.0, top_p: float = 1.0, count: int = 1, seed: int = 0, size: int = 100,
) -> dict[str, float]:
    """Percentages over all outputs: `parsed`; `right` (exact match; an output that does not parse is wrong); `worked`
    (the thought holds an equation); and mean lengths in tokens of the parsed thoughts and of the outputs."""
    generator = torch.Generator().manual_seed(seed)
    parsed = right = worked = 0
    thoughts, lengths = [], []
    for at in range(0, len(problems), size):
        some = problems[at:at + size]
        prompts = [form.prompt(prompt.dress(problem.text)) for problem in some]
        for problem, outputs in zip(some, sample(model, prompts, count, form.eos, limit, temperature, top_p, generator)):
            for ids in outputs:
                ended = ids[-1] == form.eos
                output = split(form.decode(ids[:-1] if ended else ids), prompt)
                lengths.append(len(ids))
                if ended and output.answer is not None:
                    parsed += 1
                    right += output.answer.strip() == problem.answer
                    worked += "=" in output.thought
                    thoughts.append(len(form.tokenizer.encode(output.thought)))
    total = len(lengths)
    return {
        "parsed": round(100 * parsed / total, 1), "right": round(100 * right / total, 1),
        "worked": round(100 * worked / total, 1), "thought_tokens": round(sum(thoughts) / max(1, len(thoughts)), 1),
        "output_tokens": round(sum(lengths) / total, 1), "outputs": total}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    parser.add_argument("--size", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0, help="of the evaluation set")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    loaded, loaded_form = load(chosen.checkpoint)
    for name in ("generic", "direct"):
        for heat, cut in ((0.0, 1.0), (0.8, 0.95)):
            result = measure(
                loaded, loaded_form, PROMPTS[name], evaluation_set(chosen.size, chosen.seed), temperature=heat, top_p=cut)
            print(f"{name} prompt, temperature {heat}: {json.dumps(result)}", flush=True)
