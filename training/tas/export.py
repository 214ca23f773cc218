"""Writes a TaS model as a checkpoint directory that the server loads."""

from pathlib import Path

from ..common import checkpoint, story_tokenizer
from ..common.bpe import Tokenizer
from .evaluate import MAX_THOUGHT
from .model import TasDecoder


def thinking_block(thinking_layer: int, thought_end: int, max_thought: int) -> dict:
    """The `thinking` block of config.json."""
    return {
        "method": "tas", "thinking_layer": thinking_layer, "think_norm": "own", "thought_begin_token_id": None,
        "thought_end_token_id": thought_end, "max_thought_tokens": max_thought, "keep_thoughts_in_history": False}


def export(model: TasDecoder, tokenizer: Tokenizer, directory: str | Path) -> None:
    """bf16 weights, config with the thinking block, tokenizer with chat template, greedy as the default decoding."""
    added = tokenizer.added
    ids = {"bos_token_id": added["<bos>"], "eos_token_id": added["<eos>"], "pad_token_id": added["<pad>"]}
    config = {
        **model.config.to_hf(), "torch_dtype": "bfloat16", **ids,
        "thinking": thinking_block(model.thinking_layer, added["<thought_end>"], MAX_THOUGHT)}
    checkpoint.write(directory, checkpoint.rounded(model.state_dict()), config, {**ids, "do_sample": False})
    story_tokenizer.write_files(tokenizer, directory, model.config.context)
