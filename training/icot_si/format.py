"""The text format of ICoT: ` {input} {EOS} {chain} {EOS} #### {answer} {EOS}`, and how a checkpoint's files spell it.

The first end token separates input and chain, the second chain and answer, the third ends the text (published code).
"""

import json
from dataclasses import dataclass
from pathlib import Path

from ..common import word_level
from ..common.bpe import Tokenizer
from ..common.checkpoint import read_config

PROMPT_TEMPLATE = " {input} {eos}"
SPECIAL_TOKENS = ["<pad>", "<eos>", "<unk>"]

# A person's `361*25` becomes ` 1 6 3 * 5 2 <eos>`; numbers with spaces between their digits are taken as they are, since
# that is how the published format writes them (lowest digit first).
CHAT_TEMPLATE = (
    "{%- set users = messages | selectattr('role', 'equalto', 'user') | list -%}"
    "{%- set text = (users | last)['content'] | replace('=', '') | replace('×', '*') | replace('x', '*') -%}"
    "{%- for part in text.split('*') -%}"
    "{%- set part = part | trim -%}"
    "{{- ' * ' if not loop.first else ' ' -}}"
    "{{- part if ' ' in part else part | reverse | join(' ') -}}"
    "{%- endfor -%}"
    "{{- ' ' + eos_token -}}")


@dataclass
class Sample:
    """Token ids of one training text. `prompt` ends with the first end token, `answer` with the third."""

    prompt: list[int]
    chain: list[int]   # without the second end token
    answer: list[int]


@dataclass
class Format:
    """A tokenizer and the end token that separates."""

    tokenizer: word_level.WordLevel | Tokenizer
    eos_text: str
    eos: int

    def prompt(self, question: str) -> list[int]:
        """Ids of a question up to and including the first end token."""
        return self.tokenizer.encode(PROMPT_TEMPLATE.format(input=question, eos=self.eos_text))

    def sample(self, question: str, chain: str, answer: str) -> Sample:
        """One text, tokenized as a whole and cut at its end tokens."""
        between = f" {chain}" if chain else ""
        ids = self.tokenizer.encode(
            f" {question} {self.eos_text}{between} {self.eos_text} #### {answer} {self.eos_text}")
        first, second, third = [i for i, token in enumerate(ids) if token == self.eos]
        return Sample(ids[:first + 1], ids[first + 1:second], ids[second + 1:third + 1])

    def text(self, ids: list[int]) -> str:
        """Generated ids as text, without end tokens and outer spaces."""
        return self.tokenizer.decode([i for i in ids if i != self.eos]).strip()


def own_format() -> Format:
    """Digits and signs, one token each."""
    words = ["####", *"0123456789", "*", "+", "(", ")"]
    return Format(word_level.create(SPECIAL_TOKENS, words, r"####|\S", "<unk>"), "<eos>", SPECIAL_TOKENS.index("<eos>"))


def read_format(directory: str | Path) -> Format:
    """The format of a checkpoint directory: ours, or a base's byte-level BPE."""
    directory = Path(directory)
    kind = json.loads((directory / "tokenizer.json").read_text(encoding="utf-8"))["model"].get("type", "BPE")
    tokenizer = word_level.load(directory) if kind == "WordLevel" else Tokenizer.load(directory)
    eos = read_config(directory).get("eos_token_id")
    texts = {i: text for text, i in tokenizer.added.items()}
    if eos not in texts:
        raise ValueError(f"{directory}: eos_token_id {eos} of config.json is no added token of tokenizer.json.")
    return Format(tokenizer, texts[eos], eos)


def write_files(form: Format, directory: str | Path, context: int) -> None:
    """Writes tokenizer.json and tokenizer_config.json of our own tokenizer."""
    directory = Path(directory)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": None, "eos_token": form.eos_text, "pad_token": "<pad>",
        "unk_token": "<unk>", "add_bos_token": False, "add_eos_token": False, "clean_up_tokenization_spaces": False,
        "model_max_length": context,
        "added_tokens_decoder": {
            str(i): {"content": token, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
                     "special": True} for token, i in form.tokenizer.added.items()},
        "chat_template": CHAT_TEMPLATE}
    for name, content in (("tokenizer.json", form.tokenizer.spec), ("tokenizer_config.json", config)):
        (directory / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
