"""A Hugging Face checkpoint as the start of a recipe: weights, tokenizer, and room for new tokens."""

import json
import shutil
from pathlib import Path

import torch
from torch import Tensor

from .bpe import Tokenizer
from .checkpoint import read_config, read_tensors
from .decoder import Decoder, DecoderConfig
from .format import Format, read_format

_TOKENIZER_FILES = (
    "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "vocab.json", "merges.txt")


class Base:
    """A base checkpoint opened for fine-tuning."""

    def __init__(self, directory: str | Path):
        self.directory = Path(directory)
        self.config = DecoderConfig.from_hf(read_config(directory))
        self.tensors = {
            name: tensor for name, tensor in read_tensors(directory).items() if not name.endswith("rotary_emb.inv_freq")}
        if self.config.tied or "lm_head.weight" not in self.tensors:
            self.config.tied = True
            self.tensors["lm_head.weight"] = self.tensors["model.embed_tokens.weight"]
        self.format: Format = read_format(directory)

    def token(self, content: str) -> int:
        """The id of a special token; one the tokenizer lacks is added, with embedding rows where there are too few."""
        tokenizer = self.format.tokenizer
        if content in tokenizer.added:
            return tokenizer.added[content]
        new = tokenizer.size
        spec = json.loads(json.dumps(tokenizer.spec))
        spec.setdefault("added_tokens", []).append({
            "id": new, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": True})
        self.format.tokenizer = Tokenizer(spec)
        if new >= self.config.vocab_size:
            self.config.vocab_size = new + 1
            for name in ("model.embed_tokens.weight", "lm_head.weight"):
                self.tensors[name] = _grown(self.tensors[name], new + 1)
        return new

    def load_into(self, model: Decoder) -> None:
        """Copies the base's weights; parameters the base does not have stay as they are."""
        outcome = model.load_state_dict(self.tensors, strict=False)
        own = Decoder(self.config).state_dict().keys()
        missing = [name for name in outcome.missing_keys if name in own]
        if missing or outcome.unexpected_keys:
            raise ValueError(
                f"{self.directory} does not fit its config.json: missing {missing[:3]}, "
                f"not understood {outcome.unexpected_keys[:3]}.")

    def write_tokenizer(self, directory: str | Path) -> None:
        """Copies the tokenizer files, tokenizer.json with the added tokens."""
        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        for name in _TOKENIZER_FILES:
            if (self.directory / name).exists():
                shutil.copyfile(self.directory / name, directory / name)
        (directory / "tokenizer.json").write_text(
            json.dumps(self.format.tokenizer.spec, ensure_ascii=False) + "\n", encoding="utf-8")


def _grown(rows: Tensor, count: int) -> Tensor:
    """A matrix with rows added at the mean of the others, the usual start for a new token."""
    return torch.cat([rows, rows.mean(0, keepdim=True).expand(count - len(rows), -1)])
