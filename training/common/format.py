"""How a question becomes a prompt: the chat template of a checkpoint, its tokenizer and its end tokens."""

import json
from dataclasses import dataclass
from pathlib import Path

from .bpe import Tokenizer
from .checkpoint import read_config

PLAIN_PROMPT = "Question: {}\nAnswer:"


@dataclass
class Format:
    """Tokenizer, special ids and prompt text of a checkpoint. `template` holds one `{}` for the question."""

    tokenizer: Tokenizer
    eos: int
    template: str

    def prompt(self, question: str) -> list[int]:
        """Token ids of a prompt; markers of the template are tokens, those in the question are plain text."""
        before, after = self.template.split("{}")
        # Plain text next to the question is encoded with it, since a merge may cross the seam.
        head, tail = _plain_end(before, self.tokenizer), _plain_start(after, self.tokenizer)
        return (self.tokenizer.encode(before[:len(before) - len(head)])
                + self.tokenizer.encode(head + question.strip() + tail, added_tokens=False)
                + self.tokenizer.encode(after[len(tail):]))

    def decode(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids)


def read_format(directory: str | Path) -> Format:
    """The format of a checkpoint directory: its chat template where it has one, otherwise a plain question."""
    directory = Path(directory)
    tokenizer, config = Tokenizer.load(directory), read_config(directory)
    path = directory / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    bos, eos = (_content(settings.get(key)) for key in ("bos_token", "eos_token"))
    if eos in tokenizer.added:
        eos_id = tokenizer.added[eos]
    else:
        eos_id = config.get("eos_token_id")
        eos_id = eos_id[0] if isinstance(eos_id, list) else eos_id
    if eos_id is None:
        raise ValueError(f"{directory} names no end-of-sequence token (eos_token or eos_token_id).")
    source = settings.get("chat_template")
    if source is None and (directory / "chat_template.jinja").exists():
        source = (directory / "chat_template.jinja").read_text(encoding="utf-8")
    if not isinstance(source, str):
        return Format(tokenizer, eos_id, (bos if bos and settings.get("add_bos_token") else "") + PLAIN_PROMPT)
    return Format(tokenizer, eos_id, _render(source, bos or "", eos or ""))


def start_ids(directory: str | Path, tokenizer: Tokenizer) -> list[int]:
    """The special tokens the tokenizer puts in front of every text (usually `<bos>`, or none)."""
    processor = tokenizer.spec.get("post_processor") or {}
    for part in processor.get("processors", [processor]):
        if part.get("type") == "TemplateProcessing":
            first = part["single"][0]
            return part["special_tokens"][first["SpecialToken"]["id"]]["ids"] if "SpecialToken" in first else []
    path = Path(directory) / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    bos = _content(settings.get("bos_token"))
    return [tokenizer.added[bos]] if settings.get("add_bos_token") and bos in tokenizer.added else []


def _render(source: str, bos: str, eos: str) -> str:
    try:
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError:
        raise ImportError("This checkpoint has a chat template: install jinja2 to render it.") from None
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    mark = "QUESTIONGOESHERE"
    text = environment.from_string(source).render(
        messages=[{"role": "user", "content": mark}], bos_token=bos, eos_token=eos, add_generation_prompt=True)
    if text.count(mark) != 1 or "{}" in text:
        raise ValueError("The chat template does not show the user's message exactly once.")
    return text.replace(mark, "{}")


def _content(token: str | dict | None) -> str | None:
    return token["content"] if isinstance(token, dict) else token


def _plain_end(text: str, tokenizer: Tokenizer) -> str:
    """What follows the last special token of a text."""
    return text[max((text.rfind(token) + len(token) for token in tokenizer.added if token in text), default=0):]


def _plain_start(text: str, tokenizer: Tokenizer) -> str:
    """What comes before the first special token of a text."""
    return text[:min((text.find(token) for token in tokenizer.added if token in text), default=len(text))]
