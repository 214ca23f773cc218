"""WordLevel tokenizers in the Hugging Face `tokenizer.json` format: every piece of a splitting pattern is one token.

White space only separates: `361*25` and `3 6 1 * 2 5` are the same ids, and decoding writes one space between tokens.
"""

import json
import re
from pathlib import Path


class WordLevel:
    """Encodes and decodes with the contents of a `tokenizer.json` (a dict) that `create` has made."""

    def __init__(self, spec: dict):
        self.spec = spec
        model = spec["model"]
        steps = spec["pre_tokenizer"]["pretokenizers"]
        if model["type"] != "WordLevel" or [step["behavior"] for step in steps] != ["Removed", "Isolated"]:
            raise ValueError("This tokenizer.json is not one that word_level.create has made.")
        self.vocab: dict[str, int] = dict(model["vocab"])
        self.added = {token["content"]: token["id"] for token in spec["added_tokens"]}
        self._unknown = self.vocab[model["unk_token"]]
        self._texts = {i: text for text, i in self.vocab.items()}
        special = "|".join(re.escape(token) for token in self.added)
        self._pattern = re.compile(f"{special}|{steps[1]['pattern']['Regex']}")

    @property
    def size(self) -> int:
        """Number of tokens."""
        return len(self.vocab)

    def encode(self, text: str) -> list[int]:
        """Token ids; special tokens in the text are tokens."""
        return [self.vocab.get(piece, self._unknown) for piece in self._pattern.findall(text)]

    def decode(self, ids: list[int]) -> str:
        """Token texts with a space between them, special tokens included."""
        return " ".join(self._texts[i] for i in ids)


def create(special: list[str], words: list[str], pattern: str, unknown: str) -> WordLevel:
    """A tokenizer of special tokens, then words; what `pattern` matches but is no word becomes `unknown`."""
    tokens = [*special, *words]
    return WordLevel({
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
             "special": True} for i, token in enumerate(special)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": r"\s+"}, "behavior": "Removed", "invert": False},
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}]},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {token: i for i, token in enumerate(tokens)}, "unk_token": unknown}})


def load(directory: str | Path) -> WordLevel:
    """Reads `tokenizer.json` of a checkpoint directory."""
    return WordLevel(json.loads((Path(directory) / "tokenizer.json").read_text(encoding="utf-8")))
