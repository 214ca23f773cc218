"""The tokenizer and the prompt of the shared base: the words of all its texts, one token each."""

import random
from pathlib import Path

from ..common import story_tokenizer
from ..common.bpe import Tokenizer
from ..common.facts import RANKS, look_up, puzzle
from ..common.format import Format
from ..common.stories import narrate
from .texts import DASHES, QUESTION, SHOW, THOUGHT_PROMPT, VAGUE_THOUGHTS, question

SPECIAL_TOKENS = ("<pad>", "<bos>", "<eos>")
VOCABULARY_SIZE = 1152

# One turn after the other, `Question: ...`, blank line, `Answer:`; system messages are not shown to the model.
CHAT_TEMPLATE = (
    "{{- bos_token -}}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'user' -%}{{- 'Question: ' + message['content'] | trim + '\\n\\nAnswer:' -}}"
    "{%- elif message['role'] == 'assistant' -%}{{- ' ' + message['content'] | trim + '\\n\\n' -}}"
    "{%- endif -%}"
    "{%- endfor -%}")


def train() -> Tokenizer:
    """The same tokenizer every time; it also knows the words of the puzzles that Bitune's fine-tuning asks."""
    rng = random.Random("tokenizer/base")
    vague = [thought.format(things="marbles", name="Anna") for thought in VAGUE_THOUGHTS]
    ranks = " ".join(f" {word}" for rank in RANKS for word in rank.split())
    texts = [question(THOUGHT_PROMPT.format("Anna") + SHOW), "Here's", DASHES, *vague, ranks] * 50
    for _ in range(3000):
        facts, pairs = look_up(rng, invented=0.0)
        item = puzzle(rng, held_out=False, invented=0.0)
        texts += [f"{facts} {pairs[0][0]}", pairs[0][1], item.text, item.answer, *narrate(rng, False, invented=0.0)]
    return story_tokenizer.train(texts=texts, specials=SPECIAL_TOKENS, size=VOCABULARY_SIZE)


def base_format(tokenizer: Tokenizer) -> Format:
    """The prompt of the base: what the chat template renders for one question."""
    return Format(tokenizer, tokenizer.added["<eos>"], "<bos>" + QUESTION)


def write_files(tokenizer: Tokenizer, directory: str | Path, context: int) -> None:
    """Writes tokenizer.json and tokenizer_config.json."""
    story_tokenizer.write_files(tokenizer, directory, context, CHAT_TEMPLATE)
