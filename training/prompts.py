"""How a question is put to the model and how an answer ends (paper 3): `User: {q}\\n\\nAssistant: {a}<eos>`."""

from collections.abc import Sequence
from typing import Literal

Suffix = Literal["none", "english", "chinese", "english_tool", "chinese_tool"]
"""The sentence after the question that asks for steps (tool: and programs) and a boxed answer; none where the data does
not box."""

SUFFIXES: dict[Suffix, str] = {
    "none": "",
    "english": "\nPlease reason step by step, and put your final answer within \\boxed{}.",
    "chinese": "\n请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。",
    "english_tool": "\nPlease integrate natural language reasoning with programs to solve the problem above, and put "
    "your final answer within \\boxed{}.",
    "chinese_tool": "\n请结合自然语言和Python程序语言来解答问题，并把最终答案放置于\\boxed{}中。",
}
FINALS: dict[Suffix, str] = {
    "none": "The answer is {}.",
    "english": "The answer is $\\boxed{{{}}}$.",
    "chinese": "答案是$\\boxed{{{}}}$。",
    "english_tool": "The answer is $\\boxed{{{}}}$.",
    "chinese_tool": "答案是$\\boxed{{{}}}$。",
}


def prompt(question: str, suffix: Suffix = "none") -> str:
    """The text a model continues. It ends before the space, which belongs to the answer's first token."""
    return f"User: {question}{SUFFIXES[suffix]}\n\nAssistant:"


def response(steps: Sequence[str], answer: str, suffix: Suffix = "none") -> str:
    """The text that follows `prompt`, without the end-of-sequence token.

    `steps` are solution lines whose last one states the answer; that line is written the way the suffix asks for.
    """
    return " " + "\n".join([*steps[:-1], FINALS[suffix].format(answer)])
