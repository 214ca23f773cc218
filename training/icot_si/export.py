"""Writes an ICoT-SI model as a checkpoint directory that the server loads."""

import shutil
from pathlib import Path

from ..common import checkpoint
from ..common.gpt2 import Gpt2
from .format import PROMPT_TEMPLATE, Format, write_files

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt")


def export(model: Gpt2, form: Format, directory: str | Path, max_chain: int, base: str | None = None) -> None:
    """bf16 weights, config.json with the `thinking` block, greedy as the default decoding, tokenizer files."""
    ids = {"eos_token_id": form.eos}
    if not base:
        ids["pad_token_id"] = form.tokenizer.added["<pad>"]
    config = {
        **model.config.to_hf(), **ids, "torch_dtype": "bfloat16",
        "thinking": {
            "method": "icot_si", "separator_token_id": form.eos, "eos_count_to_stop": 2,
            "prompt_template": PROMPT_TEMPLATE, "max_thought_tokens": max_chain, "keep_thoughts_in_history": False}}
    checkpoint.write(directory, checkpoint.rounded(model.state_dict()), config, {**ids, "do_sample": False})
    if base is None:
        write_files(form, directory, model.config.context)
        return
    for name in _TOKENIZER_FILES:
        if (Path(base) / name).exists():
            shutil.copyfile(Path(base) / name, Path(directory) / name)
