"""Writes a TaS model as a checkpoint directory that the server loads."""

from pathlib import Path

from torch import Tensor

from ..common import checkpoint
from .model import TasDecoder


def export(
    model: TasDecoder, directory: str | Path, thought_end: int, max_thought: int, special_ids: dict[str, int],
) -> None:
    """bf16 weights, config.json with the `thinking` block, greedy as the default decoding; no tokenizer files."""
    config = {
        **model.config.to_hf(), **special_ids, "torch_dtype": "bfloat16",
        "thinking": {
            "method": "tas", "thinking_layer": model.thinking_layer, "think_norm": "own", "thought_begin_token_id": None,
            "thought_end_token_id": thought_end, "max_thought_tokens": max_thought, "keep_thoughts_in_history": False}}
    tensors: dict[str, Tensor] = model.state_dict()
    if model.config.tied:
        del tensors["lm_head.weight"]
    checkpoint.write(directory, checkpoint.rounded(tensors), config, {**special_ids, "do_sample": False})
