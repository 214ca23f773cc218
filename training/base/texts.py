"""What the shared base reads: a mixture of short texts, most of them a question and its answer.

Every question stands in the prompt `Question: {x}` + blank line + `Answer:` (Bitune's format). The kinds:

| kind | text |
|---|---|
| `sum`, `story` | the question, answered directly |
| `spliced sum`, `spliced story` | the same, working between dashes in the answer: `Hugo has---27-16=11--- 11 rocks now.` |
| `worked sum`, `worked story` | `... Show your working.` -> `27-16=11;11+5=16. Hugo has 16 rocks now.` |
| `thought sum`, `thought story` | TPO's generic thought prompt and the question -> a thought process and a response |
| `narrated` | running text with the count after each step, no question |
| `look-up`, `conversation` | facts about several people and a question about one of them; or two, one after the other |

Answers to the thought prompt are of mixed quality, as with a model that was only asked to think: some thoughts are the
working, some say nothing, some replies are not in the asked format. This is what TPO's preference training starts from.
The dashes are what Quiet-STaR's start and end of a thought are initialised from.
"""

import random
import re
from dataclasses import dataclass

from ..common.facts import look_up
from ..common.stories import CORE_QUESTIONS, Problem, drill, narrate, tell

QUESTION, ANSWER = "Question: {}\n\nAnswer:", " {}"
TURN_END = "\n\n"
SHOW = " Show your working."
DASHES = "---"

THOUGHT_MARKER, RESPONSE_MARKER = "Here is my thought process:", "Here is my response:"
THOUGHT_PROMPT = (
    "Respond to the following user query in a comprehensive and detailed way. You can write down your thought process "
    f"before responding. Write your thoughts after \"{THOUGHT_MARKER}\" and write your response after "
    f"\"{RESPONSE_MARKER}\".\n\nUser query: {{}}")
VAGUE_THOUGHTS = (
    "I look at what happens, one step after the other.",
    "First I read what is asked, then I write the answer.",
    "The numbers change from step to step, so I have to be careful.",
    "I start with the first number and follow what happens to it.",
    "This is a question about numbers. I think about it and respond.",
)

# Share of each kind among the samples: at first much bare arithmetic, later more of the texts themselves.
EARLY = {"sum": 6, "spliced sum": 10, "worked sum": 36, "thought sum": 5, "story": 5, "spliced story": 4,
         "worked story": 13, "thought story": 6, "narrated": 6, "look-up": 7, "conversation": 2}
LATER = {"sum": 7, "spliced sum": 8, "worked sum": 14, "thought sum": 5, "story": 8, "spliced story": 8,
         "worked story": 16, "thought story": 13, "narrated": 8, "look-up": 10, "conversation": 3}
EARLY_STEPS = 0.35

# Replies to the thought prompt; the rest is malformed.
WITH_WORKING, WITH_VAGUE_THOUGHT = 0.45, 0.40


@dataclass(frozen=True)
class Text:
    """One training text: `given` is context, `asked` and `said` are learned (with different weights)."""

    given: str
    asked: str
    said: str
    kind: str


def question(text: str) -> str:
    """The prompt of a question."""
    return QUESTION.format(text)


def splice(problem: Problem, rng: random.Random) -> str:
    """The answer with the working between dashes in front of a random word, digit or mark."""
    pieces = re.findall(r" ?[^\W\d_]+| ?\d|[^\w\s]+", ANSWER.format(problem.answer))
    at = rng.randrange(len(pieces))
    return "".join(pieces[:at]) + DASHES + problem.thought + DASHES + "".join(pieces[at:])


def thought_reply(thought: str, answer: str) -> str:
    """A reply to the thought prompt in the asked format."""
    return f"{THOUGHT_MARKER}\n{thought}\n\n{RESPONSE_MARKER}\n{answer}"


def mixed_reply(problem: Problem, rng: random.Random) -> str:
    """A reply of random quality: the working, a thought that says nothing, or a broken format."""
    chance = rng.random()
    if chance < WITH_WORKING:
        return thought_reply(problem.thought, problem.answer)
    if chance < WITH_WORKING + WITH_VAGUE_THOUGHT:
        return thought_reply(rng.choice(VAGUE_THOUGHTS), problem.answer)
    return rng.choice((
        problem.answer, f"{THOUGHT_MARKER}\n{problem.thought}", f"{THOUGHT_MARKER}\n{problem.thought}\n\n{problem.answer}"))


def _problem(rng: random.Random, kind: str) -> Problem:
    """A sum or story of the training side; what is spliced is short, since a hidden thought has little room."""
    if kind.endswith("story"):
        operations = rng.choice((1, 2) if kind.startswith("spliced") else (1, 2, 2, 3, 3, 4))
        return tell(rng, held_out=False, operations=operations, questions=CORE_QUESTIONS)
    while True:
        problem = drill(rng, held_out=False, comparing=False)
        if problem.operations <= 2 or not kind.startswith("spliced"):
            return problem


def draw(rng: random.Random, progress: float) -> Text:
    """A random text of the training side of the hold-out; `progress` is the share of the steps already done."""
    shares = EARLY if progress < EARLY_STEPS else LATER
    kind = rng.choices([*shares], [*shares.values()])[0]
    if kind == "narrated":
        opening, rest = narrate(rng, held_out=False)
        return Text("", opening, " " + rest, kind)
    if kind == "look-up":
        facts, ((asked, answer),) = look_up(rng)
        return Text("", question(f"{facts} {asked}"), ANSWER.format(answer), kind)
    if kind == "conversation":
        facts, (first, second) = look_up(rng, turns=2)
        given = question(f"{facts} {first[0]}") + ANSWER.format(first[1]) + TURN_END
        return Text(given, question(second[0]), ANSWER.format(second[1]), kind)
    return ask(_problem(rng, kind), kind, rng)


def ask(problem: Problem, kind: str, rng: random.Random) -> Text:
    """The text of a problem, asked and answered in the way of `kind` (`story`, `spliced story` ...)."""
    if kind.startswith("worked"):
        return Text("", question(problem.text + SHOW), ANSWER.format(f"{problem.thought}. {problem.answer}"), kind)
    if kind.startswith("thought"):
        return Text("", question(THOUGHT_PROMPT.format(problem.text)), ANSWER.format(mixed_reply(problem, rng)), kind)
    said = splice(problem, rng) if kind.startswith("spliced") else ANSWER.format(problem.answer)
    return Text("", question(problem.text), said, kind)
