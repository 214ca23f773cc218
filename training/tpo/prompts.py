"""The thought prompts of TPO (arXiv 2410.10630) and how an output is split into thought and answer."""

from dataclasses import dataclass

SLOT = "{x}"


@dataclass(frozen=True)
class ThoughtPrompt:
    """A prompt that asks for thoughts, and the texts that open thought and answer in the output."""

    template: str
    thought_markers: tuple[str, ...]
    answer_markers: tuple[str, ...]
    starts_in_thought: bool

    def dress(self, question: str) -> str:
        """The user message for a question."""
        return self.template.replace(SLOT, question.strip())


# Figure 2 of the paper, and the prompt of its appendix.
GENERIC = ThoughtPrompt(
    "Respond to the following user query in a comprehensive and detailed way. You can write down your thought process "
    "before responding. Write your thoughts after \"Here is my thought process:\" and write your response after "
    "\"Here is my response:\".\n\nUser query: {x}",
    ("Here is my thought process:", "Here's my thought process:"), ("Here is my response:", "Here's my response:"), False)
SPECIFIC = ThoughtPrompt(
    "Respond to the following user query in a comprehensive and detailed way. But first write down your internal "
    "thoughts. This must include your draft response and its evaluation. After this, write your final response after "
    "\"<R>\".\n\nUser query: {x}",
    (), ("<R>",), True)
DIRECT = ThoughtPrompt(SLOT, (), (), False)  # the control: no thoughts, the whole output is the answer
PROMPTS = {"generic": GENERIC, "specific": SPECIFIC, "direct": DIRECT}


@dataclass(frozen=True)
class Output:
    """An output taken apart; `answer` is None where it does not parse."""

    thought: str
    answer: str | None


def split(text: str, prompt: ThoughtPrompt) -> Output:
    """Thought and answer of a finished output, as the server's splitter sees them.

    An output parses if it thinks where the prompt says so, and then answers with at least one visible character.
    """
    if not prompt.answer_markers:
        return Output("", text if text.strip() else None)
    at, marker = _first(text, prompt.answer_markers)
    if at < 0:
        return Output(_after_marker(text, prompt.thought_markers), None)
    before, after = text[:at], text[at + len(marker):].lstrip()
    opened = prompt.starts_in_thought or _first(before, prompt.thought_markers)[0] >= 0
    return Output(_after_marker(before, prompt.thought_markers), after if opened and after.strip() else None)


def _after_marker(text: str, markers: tuple[str, ...]) -> str:
    at, marker = _first(text, markers)
    return text if at < 0 else text[:at] + text[at + len(marker):].lstrip()


def _first(text: str, markers: tuple[str, ...]) -> tuple[int, str]:
    """Where the first marker stands, the longer of two at one place; (-1, "") without one."""
    found = [(text.find(marker), -len(marker), marker) for marker in markers if marker in text]
    at, _, marker = min(found, default=(-1, 0, ""))
    return at, marker
