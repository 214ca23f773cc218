"""Byte-level BPE in the Hugging Face `tokenizer.json` format: training, encoding, decoding.

Covers what GPT-2, Llama 3, Qwen, SmolLM and our own tokenizers use (Split, Digits and ByteLevel pre-tokenizers, NFC,
merges as strings or pairs, `ignore_merges`, added tokens). SentencePiece-style files are refused with a message.
"""

import functools
import heapq
import json
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


@functools.cache
def byte_alphabet() -> list[str]:
    """The printable character that stands for each of the 256 bytes (GPT-2's table)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(others)) for b in range(256)]


def to_letters(text: str) -> str:
    """Text as byte-level letters: ` cat` becomes `Ġcat`."""
    alphabet = byte_alphabet()
    return "".join(alphabet[b] for b in text.encode())


@functools.cache
def _category_ranges(category: str) -> str:
    """The code points of a Unicode category (`L`, `N`, `Lu` ...) as the inside of a regex character class."""
    ranges, start = [], None
    for point in range(sys.maxunicode + 2):
        inside = point <= sys.maxunicode and unicodedata.category(chr(point)).startswith(category)
        if inside and start is None:
            start = point
        elif not inside and start is not None:
            ranges.append(f"\\U{start:08x}-\\U{point - 1:08x}")
            start = None
    return "".join(ranges)


@functools.cache
def compile_pattern(pattern: str) -> re.Pattern:
    """A pattern of the kind tokenizer files hold, with `\\p{..}` classes, for Python's `re`."""
    out, in_class, i = [], False, 0
    while i < len(pattern):
        named = re.compile(r"\\([pP])\{?(\w+?)(?:\}|(?<=\w))").match(pattern, i) if pattern[i] == "\\" else None
        if named:
            negated = named.group(1) == "P"
            if in_class and negated:
                raise ValueError(f"\\P inside a character class is not supported: {pattern}")
            ranges = _category_ranges(named.group(2))
            out.append(ranges if in_class else f"[{'^' if negated else ''}{ranges}]")
            i = named.end()
        elif pattern[i] == "\\":
            out.append(pattern[i:i + 2])
            i += 2
        else:
            in_class = pattern[i] == "[" or (in_class and pattern[i] != "]")
            out.append(pattern[i])
            i += 1
    return re.compile("".join(out))


def train_merges(pieces: Counter, vocabulary_size: int) -> list[tuple[str, str]]:
    """Learns merges from pre-tokenized pieces and their counts, most frequent pair first, ties in text order.

    Stops at 256 + merges = `vocabulary_size`, or when every piece has become one token.
    """
    words = [([*to_letters(piece)], count) for piece, count in sorted(pieces.items())]
    merges: list[tuple[str, str]] = []
    while 256 + len(merges) < vocabulary_size:
        pairs: Counter = Counter()
        for letters, count in words:
            for pair in zip(letters, letters[1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for letters, _ in words:
            i = 0
            while i < len(letters) - 1:
                if (letters[i], letters[i + 1]) == best:
                    letters[i:i + 2] = [best[0] + best[1]]
                i += 1
    return merges


class Tokenizer:
    """Encodes and decodes with the contents of a `tokenizer.json` (a dict)."""

    def __init__(self, spec: dict):
        self.spec = spec
        model = spec["model"]
        self._steps = self._read_pre_tokenizer(spec.get("pre_tokenizer"))
        if model.get("type", "BPE") != "BPE" or model.get("byte_fallback") or not self._steps:
            raise ValueError(
                "Only byte-level BPE tokenizers are supported (GPT-2, Llama 3, Qwen, SmolLM ...); this tokenizer.json is "
                f"of type {model.get('type')} {'with byte fallback (SentencePiece style)' if model.get('byte_fallback') else ''}.")
        self._normalize = self._read_normalizer(spec.get("normalizer"))
        self.vocab: dict[str, int] = dict(model["vocab"])
        pairs = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]
        self._ranks = {pair: rank for rank, pair in enumerate(pairs)}
        self._ignore_merges = bool(model.get("ignore_merges"))
        self.added = {token["content"]: token["id"] for token in spec.get("added_tokens", [])}
        self._texts = {i: text for text, i in self.vocab.items()} | {i: text for text, i in self.added.items()}
        self._added_ids = set(self.added.values())
        self._split_added = re.compile(
            "(" + "|".join(re.escape(t) for t in sorted(self.added, key=len, reverse=True)) + ")") if self.added else None
        self._bytes = {letter: b for b, letter in enumerate(byte_alphabet())}
        self._cache: dict[str, list[int]] = {}

    @classmethod
    def load(cls, directory: str | Path) -> "Tokenizer":
        """Reads `tokenizer.json` of a checkpoint directory."""
        path = Path(directory) / "tokenizer.json"
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing; a base without tokenizer.json cannot be used.")
        return cls(json.loads(path.read_text(encoding="utf-8")))

    @property
    def size(self) -> int:
        """One more than the largest token id."""
        return max(self._texts) + 1

    def encode(self, text: str, added_tokens: bool = True) -> list[int]:
        """Token ids of a text; `added_tokens` says whether `<eos>` and the like in it are tokens or plain text."""
        parts = self._split_added.split(text) if added_tokens and self._split_added else [text]
        ids = []
        for part in parts:
            if added_tokens and part in self.added:
                ids.append(self.added[part])
            elif part:
                for piece in self._pre_tokenize(self._normalize(part)):
                    ids.extend(self._encode_piece(piece))
        return ids

    def decode(self, ids: list[int]) -> str:
        """The text of token ids; added tokens appear as their content, ids the tokenizer does not have not at all."""
        out = bytearray()
        for i in ids:
            if i in self._added_ids:
                out += self._texts[i].encode()
            else:
                out += bytes(self._bytes[letter] for letter in self._texts.get(i, ""))
        return out.decode(errors="replace")

    def _pre_tokenize(self, text: str) -> list[str]:
        pieces = [text]
        for pattern in self._steps:
            pieces = [part for piece in pieces for part in _isolate(pattern, piece)]
        return pieces

    def _encode_piece(self, piece: str) -> list[int]:
        cached = self._cache.get(piece)
        if cached is not None:
            return cached
        letters = to_letters(piece)
        if self._ignore_merges and letters in self.vocab:
            ids = [self.vocab[letters]]
        else:
            ids = [self.vocab[part] for part in self._merge(letters)]
        if len(self._cache) < 100_000:
            self._cache[piece] = ids
        return ids

    def _merge(self, letters: str) -> list[str]:
        parts: list[str | None] = [*letters]
        following = [*range(1, len(parts)), -1]
        previous = [-1, *range(len(parts) - 1)]
        queue = [(self._ranks[pair], i) for i, pair in enumerate(zip(parts, parts[1:])) if pair in self._ranks]
        heapq.heapify(queue)
        while queue:
            rank, i = heapq.heappop(queue)
            j = following[i]
            if parts[i] is None or j < 0 or self._ranks.get((parts[i], parts[j])) != rank:
                continue
            parts[i], parts[j] = parts[i] + parts[j], None
            following[i] = following[j]
            if following[j] >= 0:
                previous[following[j]] = i
            for left in (previous[i], i):
                if left >= 0 and following[left] >= 0:
                    rank = self._ranks.get((parts[left], parts[following[left]]))
                    if rank is not None:
                        heapq.heappush(queue, (rank, left))
        return [part for part in parts if part is not None]

    @staticmethod
    def _read_normalizer(spec: dict | None):
        if spec is None:
            return lambda text: text
        if spec["type"] in ("NFC", "NFD", "NFKC", "NFKD"):
            return functools.partial(unicodedata.normalize, spec["type"])
        raise ValueError(f"The tokenizer's normalizer {spec['type']} is not supported (only NFC, NFD, NFKC, NFKD or none).")

    @staticmethod
    def _read_pre_tokenizer(spec: dict | None) -> list[re.Pattern]:
        """The splitting patterns in order; empty when there is no ByteLevel step, so that the caller can refuse."""
        steps = spec.get("pretokenizers", [spec]) if spec else []
        patterns, byte_level = [], False
        for step in steps:
            if step["type"] == "ByteLevel":
                byte_level = True
                if step.get("add_prefix_space"):
                    raise ValueError("ByteLevel with add_prefix_space=true is not supported.")
                if step.get("use_regex", True):
                    patterns.append(compile_pattern(GPT2_PATTERN))
            elif step["type"] == "Split":
                if step["behavior"] not in ("Isolated", "Removed") or step.get("behavior") == "Removed" and not step.get("invert"):
                    raise ValueError(f"Split behaviour {step['behavior']} is not supported.")
                pattern = step["pattern"]
                patterns.append(compile_pattern(pattern["Regex"] if "Regex" in pattern else re.escape(pattern["String"])))
            elif step["type"] == "Digits":
                patterns.append(compile_pattern(r"\p{N}" if step.get("individual_digits") else r"\p{N}+"))
            else:
                raise ValueError(f"Pre-tokenizer {step['type']} is not supported (only Split, Digits and ByteLevel).")
        return patterns or [re.compile(r"[\s\S]+")] if byte_level else []


def _isolate(pattern: re.Pattern, text: str) -> list[str]:
    """Cuts a text into matches and what lies between them."""
    out, end = [], 0
    for match in pattern.finditer(text):
        if match.start() > end:
            out.append(text[end:match.start()])
        if match.end() > match.start():
            out.append(match.group())
        end = match.end()
    if end < len(text):
        out.append(text[end:])
    return out
