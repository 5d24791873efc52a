"""Tool-integrated answers (paper 3, 6): the model writes a program, the sandbox runs it, the model reads and goes on.

A turn ends where a ```python block closes; what its program printed follows as an ```output block, cut to the paper's
50 + 50 characters, and the model continues. The token ids that the model drew are the ids that training sees: text is
decoded to find programs and never encoded again, since other ids may spell the same text. Tokens of the tool are not
the model's: they have no log-probability, and `mask` of a ToolBatch leaves them out of every loss.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from training.model import Decoder
from training.python_tool.tool import PythonTool, Result
from training.rollout import Batch, Output, Sampling, Stop, batch, sample
from training.tokenizer import Tokenizer

BLOCK = re.compile(r"^[ \t]*```python[ \t]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""A program; its fences stand on lines of their own."""


@dataclass(frozen=True)
class ToolUse:
    """How the tool takes part in an answer."""

    rounds: int = 2
    """Turns of the model at most (paper 6: 2): a program of the last one is not run, since nobody would read it."""
    head: int = 50
    """Characters kept of an output's start, where it is longer than `head + tail` (paper 6: 50)."""
    tail: int = 50

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.head < 0 or self.tail < 0:
            raise ValueError(f"rounds >= 1 and head, tail >= 0 are needed, got {self}")


@dataclass(frozen=True)
class ToolAnswer:
    """One answer: its tokens after the prompt, those of the tool included."""

    tokens: tuple[int, ...] = ()
    drawn: tuple[bool, ...] = ()
    """For each token: the model drew it."""
    logprobs: tuple[float, ...] = ()
    """Of drawn tokens under the distribution they were drawn from; 0 for the tool's."""
    finished: bool = False
    """Ended by itself: not by a limit, nor with a program that was not run."""
    programs: tuple[str, ...] = ()
    """What was run, in order."""
    results: tuple[Result, ...] = ()

    def own_tokens(self) -> list[int]:
        """The model's own: what a grader reads, lest a program print the answer that counts."""
        return [token for token, own in zip(self.tokens, self.drawn, strict=True) if own]

    def after_turn(self, output: Output) -> "ToolAnswer":
        own = (True,) * len(output.tokens)
        return replace(
            self, tokens=self.tokens + output.tokens, drawn=self.drawn + own, logprobs=self.logprobs + output.logprobs,
            finished=output.finished,
        )  # fmt: skip

    def after_tool(self, program: str, result: Result, tokens: Sequence[int]) -> "ToolAnswer":
        return replace(
            self, tokens=(*self.tokens, *tokens), drawn=self.drawn + (False,) * len(tokens),
            logprobs=self.logprobs + (0.0,) * len(tokens), programs=(*self.programs, program),
            results=(*self.results, result),
        )  # fmt: skip


def sample_with_tool(
    model: Decoder,
    tokenizer: Tokenizer,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    tool: PythonTool,
    use: ToolUse,
    seed: int,
    group: int = 1,
    rows: int = 256,
) -> list[ToolAnswer]:
    """`group` answers to every prompt, prompt by prompt; `sampling.max_new_tokens` is for one turn.

    An answer stays unfinished where the context has no room for another turn. Programs of an answer share their names:
    earlier ones are run again, silently, before a later one. Raises ValueError as `sample` does.
    """
    stop = program_ends(tokenizer, model.config.vocabulary)
    first = sample(model, prompts, sampling, tokenizer.eos, seed, group, rows, stop)
    answers = [ToolAnswer().after_turn(output) for output in first]
    turns = {i: output.tokens for i, output in enumerate(first)}
    room = model.config.context - sampling.max_new_tokens
    for number in range(1, use.rounds):
        found = {i: program_in(tokenizer.decode(turn)) for i, turn in turns.items() if not answers[i].finished}
        programs = {i: program for i, program in found.items() if program is not None}
        results = tool.run_many([[*answers[i].programs, program] for i, program in programs.items()])
        going: dict[int, list[int]] = {}
        for (i, program), result in zip(programs.items(), results, strict=True):
            block = output_block(shown(result), use, on_new_line=tokenizer.decode(turns[i]).endswith("\n"))
            longer = answers[i].after_tool(program, result, tokenizer.encode(block))
            so_far = [*prompts[i // group], *longer.tokens]
            if len(so_far) <= room:
                answers[i], going[i] = longer, so_far
        outputs = sample(model, [*going.values()], sampling, tokenizer.eos, seed + number, 1, rows, stop)
        turns = {}
        for i, output in zip(going, outputs, strict=True):
            answers[i], turns[i] = answers[i].after_turn(output), output.tokens
    return answers


def program_ends(tokenizer: Tokenizer, vocabulary: int) -> Stop:
    """Ends a turn with the token that closes a program."""
    watched = torch.tensor(["`" in tokenizer.decode([i]) for i in range(tokenizer.vocabulary)])
    padded = torch.zeros(vocabulary, dtype=torch.bool)
    padded[: len(watched)] = watched
    return Stop(padded, lambda tokens: program_in(tokenizer.decode(tokens)) is not None)


def program_in(turn: str) -> str | None:
    """The program of a turn; None where it has none, or one that does not end."""
    found = BLOCK.search(turn)
    return found[1] if found else None


def shown(result: Result) -> str:
    """What the model is told: what the program printed, and why it failed where it did."""
    if result.outcome == "ok":
        return result.stdout.strip()
    last = result.stderr.strip().rpartition("\n")[2]
    why = last if result.outcome in ("error", "denied") and last else f"stopped: {result.reason}"
    return f"{result.stdout.strip()}\n{why}".strip()


def output_block(text: str, use: ToolUse, on_new_line: bool) -> str:
    """The block that follows a program."""
    if len(text) > use.head + use.tail:
        text = f"{text[: use.head]}...{text[len(text) - use.tail :]}"
    return f"{'' if on_new_line else chr(10)}```output\n{text}\n```\n"


@dataclass(frozen=True)
class ToolBatch(Batch):
    """Prompts and answers as one batch whose mask holds only what the model drew."""

    drawn: Tensor
    """[rows, longest answer] bool."""

    @property
    def mask(self) -> Tensor:
        """True at tokens that the model drew, same shape as `outputs`."""
        return self.drawn


def tool_batch(prompts: Sequence[Sequence[int]], answers: Sequence[ToolAnswer], device: torch.device) -> ToolBatch:
    """One row for each pair of a prompt and its answer."""
    whole = batch(prompts, [a.tokens for a in answers], device)
    drawn = torch.zeros(whole.outputs.shape, dtype=torch.bool)
    for row, answer in zip(drawn, answers, strict=True):
        row[: len(answer.tokens)] = torch.tensor(answer.drawn)
    return ToolBatch(whole.tokens, whole.documents, whole.prompt_width, drawn.to(device))
