"""Writes a model trained with TPO as a checkpoint directory that the server loads."""

import json
from pathlib import Path

from torch import Tensor

from ..common import checkpoint
from ..common.base import Base
from ..common.decoder import Decoder
from .prompts import ThoughtPrompt, dressed_chat_template


def thinking_block(prompt: ThoughtPrompt, max_thought: int) -> dict:
    """The `thinking` block of config.json."""
    return {
        "method": "tpo", "prompt_template": prompt.template, "thought_markers": [*prompt.thought_markers],
        "answer_markers": [*prompt.answer_markers], "starts_in_thought": prompt.starts_in_thought,
        "on_missing_answer": "resample", "max_resamples": 2, "max_thought_tokens": max_thought}


def export(model: Decoder, base: Base, directory: str | Path, prompt: ThoughtPrompt, max_thought: int) -> None:
    """bf16 weights, config.json with the `thinking` block, the base's tokenizer, and its chat template with the thought
    prompt put around the last user message. Without markers (the control) the result is a plain model."""
    directory = Path(directory)
    config = {**model.config.to_hf(), "torch_dtype": "bfloat16"}
    if prompt.answer_markers:
        config["thinking"] = thinking_block(prompt, max_thought)
    tensors: dict[str, Tensor] = model.state_dict()
    if model.config.tied:
        del tensors["lm_head.weight"]
    checkpoint.write(directory, checkpoint.rounded(tensors), config, {"eos_token_id": base.format.eos, "do_sample": False})
    base.write_tokenizer(directory)
    if not prompt.answer_markers:
        return
    settings_path, template_path = directory / "tokenizer_config.json", directory / "chat_template.jinja"
    settings = json.loads(settings_path.read_text(encoding="utf-8")) if settings_path.exists() else {}
    if isinstance(settings.get("chat_template"), str):
        settings["chat_template"] = dressed_chat_template(settings["chat_template"], prompt)
        settings_path.write_text(json.dumps(settings, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    elif template_path.exists():
        source = template_path.read_text(encoding="utf-8")
        template_path.write_text(dressed_chat_template(source, prompt), encoding="utf-8")
