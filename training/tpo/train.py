"""Thought preference optimisation (arXiv 2410.10630) of a base on a verifiable task.

    python3 -m training.tpo.train --base checkpoints/base-stories --out checkpoints/tpo-stories
    python3 -m training.tpo.train --base checkpoints/base-stories --prompt direct      the control: DPO without thoughts
    python3 -m training.tpo.train --base DIR --out DIR --data FILE.jsonl --reward last-number

Per iteration: several outputs for each of many fresh instructions, asked with the thought prompt; the answers alone are
scored; best and worst output, thought and answer together, become a pair; DPO. A killed run continues where it was when
the same command is given again.
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

from ..common import loop, safetensors  # noqa: E402
from ..common.base import Base  # noqa: E402
from ..common.decoder import Decoder  # noqa: E402
from ..common.format import Format  # noqa: E402
from ..common.sampling import sample  # noqa: E402
from ..common.stories import CORE_QUESTIONS, evaluation_set, tell  # noqa: E402
from .dpo import Pair, log_probabilities, loss  # noqa: E402
from .evaluate import MAX_OUTPUT, measure  # noqa: E402
from .export import export  # noqa: E402
from .pairs import REWARDS, Reward, Scored, pairs_of, score  # noqa: E402
from .prompts import DIRECT, PROMPTS, ThoughtPrompt, split  # noqa: E402

CHUNK = 32  # instructions sampled at once, and written to disk at once
Source = Callable[[random.Random], tuple[str, str]]  # an instruction and its right answer


def stories(rng: random.Random) -> tuple[str, str]:
    """A word problem of the training side of the hold-out."""
    problem = tell(rng, held_out=False, questions=CORE_QUESTIONS, invented=0.0)
    return problem.text, problem.answer


def from_file(path: str) -> Source:
    """Random lines of a JSONL file with the fields question and answer."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    rows = [(row["question"], row["answer"]) for row in map(json.loads, filter(None, lines))]
    return lambda rng: rng.choice(rows)


def collect(model: Decoder, form: Format, source: Source, prompt: ThoughtPrompt, path: Path, chosen, iteration: int) -> list[dict]:
    """The sampled outputs of one iteration, one dict per instruction; continues the file it writes."""
    rows = _whole_chunks(path)
    for at in range(len(rows), chosen.instructions, CHUNK):
        rng = random.Random(f"tpo/{chosen.seed}/{iteration}/{at}")
        asked = [source(rng) for _ in range(min(CHUNK, chosen.instructions - at))]
        prompts = [form.prompt(prompt.dress(question)) for question, _ in asked]
        generator = torch.Generator().manual_seed(rng.randrange(2**62))
        with torch.autocast("cpu", torch.bfloat16):  # as in training
            outputs = sample(
                model, prompts, chosen.samples, form.eos, chosen.max_output, chosen.temperature, chosen.top_p, generator)
        fresh = [{"question": question, "expected": expected, "prompt": ids, "outputs": mine}
                 for (question, expected), ids, mine in zip(asked, prompts, outputs)]
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(row) + "\n" for row in fresh))
        rows += fresh
        if at // CHUNK % 5 == 4:
            print(f"iteration {iteration}: {len(rows)} of {chosen.instructions} instructions sampled", flush=True)
    return rows


def _whole_chunks(path: Path) -> list[dict]:
    """What an earlier run sampled; a chunk that was cut off by a kill is dropped, from the file too."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    lines = lines[:len(lines) // CHUNK * CHUNK]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return [json.loads(line) for line in lines]


def preferences(
    rows: list[dict], form: Format, prompt: ThoughtPrompt, reward: Reward, seed: str, unparsed_share: float,
) -> tuple[list[Pair], dict[str, float]]:
    """The pairs of one iteration, and what the samples were like (percent of all outputs)."""
    rng, pairs, parsed, right, total = random.Random(seed), [], 0, 0, 0
    for row in rows:
        scored: list[Scored] = []
        for ids in row["outputs"]:
            ended = ids[-1] == form.eos
            output = split(form.decode(ids[:-1] if ended else ids), prompt)
            scored.append(score(ids, output, row["expected"], reward, ended))
        total += len(scored)
        parsed += sum(one.score is not None for one in scored)
        right += sum(one.score == 1 for one in scored)
        pairs += [Pair(row["prompt"], *pair) for pair in pairs_of(scored, rng, unparsed_share)]
    return pairs, {"parsed": round(100 * parsed / total, 1), "right": round(100 * right / total, 1), "pairs": len(pairs)}


def reference(model: Decoder, pairs: list[Pair], path: Path, device: str) -> torch.Tensor:
    """[2, pairs]: log-probabilities under the model the iteration starts from, computed once and kept on disk."""
    if path.exists():
        return safetensors.load(path)[0]["reference"]
    parts = []
    for at in range(0, len(pairs), 32):
        # With gradients on, so that the very kernels of training run: the ratios then start at exactly 1.
        with torch.autocast(device, torch.bfloat16):
            parts.append(log_probabilities(model, pairs[at:at + 32]).detach())
    whole = torch.cat(parts, dim=1)
    safetensors.save(path, {"reference": whole})
    return whole


def optimise(model: Decoder, pairs: list[Pair], name: str, chosen, iteration: int) -> None:
    """DPO on the pairs, every pair once before any comes again."""
    if not pairs:
        raise ValueError("No pair was found: all outputs of every instruction score the same. Ask for easier ones.")
    known = reference(model, pairs, loop.RUNS / name / "reference.safetensors", "cpu")

    def step_losses(step: int) -> dict[str, torch.Tensor]:
        rows = []
        for at in range(step * chosen.batch, (step + 1) * chosen.batch):
            epoch, place = divmod(at, len(pairs))
            order = [*range(len(pairs))]
            random.Random(f"dpo/{chosen.seed}/{iteration}/{epoch}").shuffle(order)
            rows.append(order[place])
        with torch.autocast("cpu", torch.bfloat16):
            return loss(model, [pairs[row] for row in rows], known[:, rows], chosen.beta, chosen.nll)
    loop.train(name, model, loop.Schedule(
        chosen.steps, chosen.learning_rate, warm_up=min(10, chosen.steps), final=0.1, weight_decay=0.0, save_every=25,
        report_every=10), step_losses)


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, help="Hugging Face checkpoint directory to start from")
    parser.add_argument("--out", help="checkpoint directory to write")
    parser.add_argument("--name", help="of the run in training/runs; a run of that name is resumed")
    parser.add_argument("--prompt", choices=(*PROMPTS,), default="generic", help="direct is the control without thoughts")
    parser.add_argument("--data", help="JSONL with question and answer; default: word problems made on the fly")
    parser.add_argument("--reward", choices=(*REWARDS,), default="exact")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--iterations", type=int, default=2)
    parser.add_argument("--instructions", type=int, default=480, help="fresh ones in each iteration")
    parser.add_argument("--samples", type=int, default=8, help="K: outputs per instruction")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-p", type=float, default=0.95)
    parser.add_argument("--max-output", type=int, default=MAX_OUTPUT, help="tokens; longer outputs do not parse")
    parser.add_argument("--unparsed-share", type=float, default=0.25,
                        help="of the instructions with an output that does not parse, how many reject one")
    parser.add_argument("--steps", type=int, default=32, help="of DPO in each iteration")
    parser.add_argument("--batch", type=int, default=16, help="pairs per step")
    parser.add_argument("--learning-rate", type=float, default=5e-5, help="peak; 1e-6 suits a base of a billion parameters")
    parser.add_argument("--beta", type=float, default=0.1)
    parser.add_argument("--nll", type=float, default=0.0, help="weight of the chosen output's cross entropy (IRPO); 0 is DPO")
    parser.add_argument("--max-thought", type=int, default=64, help="max_thought_tokens in config.json")
    parser.add_argument("--evaluate", type=int, default=300, help="number of held-out problems")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> dict:
    """Runs the recipe; returns what was measured before the first iteration and after each."""
    chosen = arguments(given)
    torch.set_num_threads(1)
    base = Base(chosen.base)
    form, prompt = base.format, PROMPTS[chosen.prompt]
    source = from_file(chosen.data) if chosen.data else stories
    name = chosen.name or f"tpo-{chosen.prompt}-{base.directory.name}-{chosen.seed}"
    model = Decoder(base.config)
    base.load_into(model)
    model.eval()
    report = {"iterations": [measured(model, form, prompt, loop.RUNS / name / "0.json", chosen)]}
    for iteration in range(1, chosen.iterations + 1):
        run = f"{name}/{iteration}"
        (loop.RUNS / run).mkdir(parents=True, exist_ok=True)
        rows = collect(model, form, source, prompt, loop.RUNS / run / "samples.jsonl", chosen, iteration)
        pairs, stats = preferences(
            rows, form, prompt, REWARDS[chosen.reward], f"pairs/{chosen.seed}/{iteration}", chosen.unparsed_share)
        print(f"iteration {iteration}: {json.dumps(stats)}", flush=True)
        optimise(model, pairs, run, chosen, iteration)
        if iteration == chosen.iterations:
            # What is measured last is what is shipped: weights rounded to bf16, computed in f32.
            model.load_state_dict({key: value.bfloat16().float() for key, value in model.state_dict().items()})
        report["iterations"].append(
            measured(model, form, prompt, loop.RUNS / name / f"{iteration}.json", chosen) | {"samples": stats})
    if chosen.out:
        export(model, base, chosen.out, prompt, chosen.max_thought)
        print(f"Written to {chosen.out}", flush=True)
    (loop.RUNS / name / "result.json").write_text(json.dumps(vars(chosen) | report, indent=1) + "\n")
    return report


def measured(model: Decoder, form: Format, prompt: ThoughtPrompt, path: Path, chosen) -> dict:
    """Held-out numbers: with the run's prompt, greedy and sampled as in training, and with the bare question, greedy."""
    if chosen.data or not chosen.evaluate:
        return {}
    if path.exists():
        return json.loads(path.read_text())
    problems, out = evaluation_set(chosen.evaluate), {}
    out["own"] = {
        "greedy": measure(model, form, prompt, problems, chosen.max_output),
        "sampled": measure(model, form, prompt, problems, chosen.max_output, chosen.temperature, chosen.top_p)}
    if prompt is not DIRECT:
        out["direct"] = {"greedy": measure(model, form, DIRECT, problems, chosen.max_output)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(out))
    print(f"{path.stem}: {json.dumps(out)}", flush=True)
    return out


if __name__ == "__main__":
    main()
