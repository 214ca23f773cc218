"""The tokenizer of the story models: a small byte-level BPE in which each word of the stories is one token.

Digits are single tokens (with and without a leading space), so that numbers are read and written digit by digit.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .bpe import Tokenizer, byte_alphabet, compile_pattern, train_merges
from .format import Format
from .stories import drill, tell
from .words import MEN, THINGS, WOMEN

PATTERN = r" ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
SPECIAL_TOKENS = ("<pad>", "<bos>", "<eos>", "<thought_end>")
VOCABULARY_SIZE = 1024

# The model answers one question at a time: a prompt is <bos> and the text of the last user message, nothing else.
CHAT_TEMPLATE = (
    "{%- set users = messages | selectattr('role', 'equalto', 'user') | list -%}"
    "{{- bos_token + (users | last)['content'] | trim -}}")


def train(
    seed: int = 0, problems: int = 20_000, texts: Iterable[str] = (), specials: tuple[str, ...] = SPECIAL_TOKENS,
    size: int = VOCABULARY_SIZE,
) -> Tokenizer:
    """Trains the merges on the words of random training problems; the same seed gives the same tokenizer.

    `texts` adds the words of other texts; `size` is the most tokens there may be, special ones included.
    """
    rng = random.Random(f"tokenizer/{seed}")
    pattern = compile_pattern(PATTERN)
    pieces: Counter = Counter()
    for text in texts:
        pieces.update(pattern.findall(text))
    for name in MEN + WOMEN:
        pieces.update((name, " " + name))
    for pair in THINGS:
        pieces.update(" " + word for word in pair)
    for _ in range(problems):
        story, bare = tell(rng, held_out=False, invented=0.0), drill(rng, held_out=False)
        for text in (story.text, story.answer, bare.text, bare.answer):
            pieces.update(piece for piece in pattern.findall(text) if piece.strip().isalpha() or len(piece) == 2)
    merges = train_merges(pieces, size - len(specials))
    tokens = sorted(byte_alphabet()) + [left + right for left, right in merges]
    vocab = {token: i + len(specials) for i, token in enumerate(tokens)}
    return Tokenizer(_spec(vocab, merges, specials))


def _spec(vocab: dict[str, int], merges: list[tuple[str, str]], specials: tuple[str, ...]) -> dict:
    """The contents of tokenizer.json."""
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
             "special": True} for i, token in enumerate(specials)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}, byte_level]},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<bos>": {"id": "<bos>", "ids": [specials.index("<bos>")], "tokens": ["<bos>"]}}},
        "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": {**{token: i for i, token in enumerate(specials)}, **vocab},
            "merges": [f"{left} {right}" for left, right in merges]},
    }


def story_format(tokenizer: Tokenizer) -> Format:
    """The prompt of the story models: what the chat template renders."""
    return Format(tokenizer, tokenizer.added["<eos>"], "<bos>{}")


def write_files(tokenizer: Tokenizer, directory: str | Path, context: int, template: str = CHAT_TEMPLATE) -> None:
    """Writes tokenizer.json and tokenizer_config.json."""
    directory = Path(directory)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": None,
        "add_bos_token": True, "add_eos_token": False, "clean_up_tokenization_spaces": False,
        "model_max_length": context,
        "added_tokens_decoder": {
            str(i): {"content": token, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
                     "special": True} for token, i in tokenizer.added.items()},
        "chat_template": template,
    }
    for name, content in (("tokenizer.json", tokenizer.spec), ("tokenizer_config.json", config)):
        (directory / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
