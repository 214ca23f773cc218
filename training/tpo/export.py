"""Writes a model trained with TPO as a checkpoint directory that the server loads."""

from pathlib import Path

from torch import Tensor

from ..common import checkpoint
from ..common.base import Base
from ..common.decoder import Decoder
from ..common.format import PLAIN_PROMPT, Format
from .prompts import PROMPTS, ThoughtPrompt


def thinking_block(prompt: ThoughtPrompt, form: Format, max_thought: int) -> dict:
    """The `thinking` block of config.json. The server puts the last user message into the thought prompt, and the result
    into the base's chat template, or into `prompt_template` where the base has none."""
    name = next(name for name, known in PROMPTS.items() if known == prompt)
    plain = {"prompt_template": PLAIN_PROMPT.format("{input}")} if form.template.endswith(PLAIN_PROMPT) else {}
    return {
        "method": "tpo", "thought_prompt": name, **plain, "thought_markers": [*prompt.thought_markers],
        "answer_markers": [*prompt.answer_markers], "starts_in_thought": prompt.starts_in_thought,
        "on_missing_answer": "resample", "max_resamples": 2, "max_thought_tokens": max_thought}


def export(model: Decoder, base: Base, directory: str | Path, prompt: ThoughtPrompt, max_thought: int) -> None:
    """bf16 weights, config.json with the `thinking` block, the base's tokenizer and chat template as they are. Without
    markers (the control) the result is a plain model."""
    config = {**model.config.to_hf(), "torch_dtype": "bfloat16"}
    if prompt.answer_markers:
        config["thinking"] = thinking_block(prompt, base.format, max_thought)
    tensors: dict[str, Tensor] = model.state_dict()
    if model.config.tied:
        del tensors["lm_head.weight"]
    checkpoint.write(directory, checkpoint.rounded(tensors), config, {"eos_token_id": base.format.eos, "do_sample": False})
    base.write_tokenizer(directory)
