"""Writes a Quiet-STaR model as a checkpoint directory with the published tensor names and config keys."""

from pathlib import Path

from torch import Tensor

from ..common import checkpoint
from ..common.base import Base
from .model import QuietStarDecoder


def export(model: QuietStarDecoder, base: Base, directory: str | Path) -> None:
    """bf16 weights, config.json as published plus a `thinking` block for what the published one does not say, and the
    base's tokenizer with the two thought tokens (their embedding rows are never used, as in the published model)."""
    settings = model.settings
    config = {
        **model.config.to_hf(), "torch_dtype": "bfloat16",
        "max_thoughts": settings.n_ahead + settings.n_ahead_talk + 1, "merged_talk_heads": True,
        "merged_lm_and_talk_heads": False, "merged_lm_and_think_heads": True, "use_concat_talk_head": True,
        "use_shallow_talk": False, "use_shallow_think": True, "use_complex_talk_head": True,
        "use_complex_think_head": False, "use_weighted_talk_head": True,
        "thinking": {
            "method": "quiet_star", "n_ahead": settings.n_ahead, "sampled_thought_tokens": settings.thought_tokens,
            "embedding_scale": settings.embedding_scale, "base_vocab_size": settings.base_vocab}}
    tensors: dict[str, Tensor] = model.state_dict()
    if model.config.tied:
        del tensors["lm_head.weight"]
    checkpoint.write(directory, checkpoint.rounded(tensors), config, {"eos_token_id": base.format.eos, "do_sample": False})
    base.write_tokenizer(directory)
