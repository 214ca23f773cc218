"""What the shared base reads: a mixture of short texts, most of them a question and its answer.

Every question stands in the prompt `Question: {x}` + blank line + `Answer:` (Bitune's format). The kinds:

| kind | text |
|---|---|
| `sum`, `story` | the question, answered directly |
| `worked sum`, `worked story` | `... Show your working.` -> `27-16=11;11+5=16. Hugo has 16 rocks now.` |
| `thought sum`, `thought story` | TPO's generic thought prompt and the question -> a thought process and a response |
| `narrated` | running text with the count after each step, no question |
| `look-up`, `conversation` | facts about several people and a question about one of them; or two, one after the other |

A quarter of the answers to the thought prompt is not in the asked format, as it is with a model that was only asked:
this is what TPO's preference training starts from.
"""

import random
from dataclasses import dataclass

from ..common.facts import look_up
from ..common.stories import CORE_QUESTIONS, Problem, drill, narrate, tell

QUESTION, ANSWER = "Question: {}\n\nAnswer:", " {}"
TURN_END = "\n\n"
SHOW = " Show your working."

THOUGHT_MARKER, RESPONSE_MARKER = "Here is my thought process:", "Here is my response:"
THOUGHT_PROMPT = (
    "Respond to the following user query in a comprehensive and detailed way. You can write down your thought process "
    f"before responding. Write your thoughts after \"{THOUGHT_MARKER}\" and write your response after "
    f"\"{RESPONSE_MARKER}\".\n\nUser query: {{}}")

# Share of each kind among the samples: at first much bare arithmetic, later more of the texts themselves.
EARLY = {"sum": 8, "worked sum": 42, "thought sum": 5, "story": 6, "worked story": 15, "thought story": 6, "narrated": 8,
         "look-up": 8, "conversation": 2}
LATER = {"sum": 8, "worked sum": 22, "thought sum": 5, "story": 10, "worked story": 22, "thought story": 12, "narrated": 9,
         "look-up": 9, "conversation": 3}
EARLY_STEPS = 0.35

WELL_FORMED, UNMARKED, NO_RESPONSE_MARKER = 0.75, 0.10, 0.08  # the rest ends after the thought


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


def thought_answer(problem: Problem, rng: random.Random) -> str:
    """A reply to the thought prompt, mostly in the asked format."""
    thought, chance = f"{THOUGHT_MARKER} {problem.thought}", rng.random()
    if chance < WELL_FORMED:
        return f"{thought}\n{RESPONSE_MARKER} {problem.answer}"
    if chance < WELL_FORMED + UNMARKED:
        return problem.answer
    if chance < WELL_FORMED + UNMARKED + NO_RESPONSE_MARKER:
        return f"{thought}. {problem.answer}"
    return thought


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
    if kind.endswith("sum"):
        problem = drill(rng, held_out=False, comparing=False)
    else:
        problem = tell(rng, held_out=False, questions=CORE_QUESTIONS)
    if kind.startswith("worked"):
        return Text("", question(problem.text + SHOW), ANSWER.format(f"{problem.thought}. {problem.answer}"), kind)
    if kind.startswith("thought"):
        prompt = question(THOUGHT_PROMPT.format(problem.text))
        return Text("", prompt, ANSWER.format(thought_answer(problem, rng)), kind)
    return Text("", question(problem.text), ANSWER.format(problem.answer), kind)
