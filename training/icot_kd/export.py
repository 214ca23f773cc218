"""Writes a student and its emulator as the checkpoint directory the server loads (docs/icot-kd.md)."""

import shutil
from pathlib import Path

from ..common import checkpoint
from ..icot_si.format import PROMPT_TEMPLATE, Format
from .nets import Emulator, Student

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt")


def export(student: Student, emulator: Emulator, form: Format, directory: str | Path, tokenizer: str | Path) -> None:
    """bf16 weights, config.json with the `thinking` block; tokenizer files are copied from the directory `tokenizer`."""
    directory = Path(directory)
    ids = {"eos_token_id": form.eos}
    thinking = {
        "method": "icot_kd", "separator_token_id": form.eos, "prompt_template": PROMPT_TEMPLATE, "keep_thoughts_in_history": False}
    base = {key: value for key, value in student.base_model.config.to_hf().items() if key != "thinking"}
    config = {**base, **ids, "torch_dtype": "bfloat16"}
    checkpoint.write(
        directory, checkpoint.rounded(student.state_dict()), config | {"thinking": thinking}, {**ids, "do_sample": False})
    checkpoint.write(
        directory / "emulator", checkpoint.rounded(emulator.state_dict()),
        config | {"mixture_size": emulator.mixture_components.num_embeddings, "softmax_temperature": emulator.temperature},
        {**ids, "do_sample": False})
    (directory / "emulator" / "generation_config.json").unlink()
    for name in _TOKENIZER_FILES:
        if (Path(tokenizer) / name).exists():
            shutil.copyfile(Path(tokenizer) / name, directory / name)
