import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
import torch

from tests.training.sandboxes import python_tool
from tests.training.small_models import SHAPE
from training.model import Decoder
from training.python_tool.box import Limits
from training.python_tool.tool import PythonTool, Result
from training.rollout import Batch, Sampling, Stop, batch, output_logprobs, sample
from training.tokenizer import Tokenizer
from training.tool_rollout import (
    ToolAnswer,
    ToolUse,
    output_block,
    program_ends,
    program_in,
    sample_with_tool,
    shown,
    tool_batch,
)

QUESTION = "User: 6 * 7?\n\nAssistant:"
TURNS = (" So:\n```python\nx = 6 * 7\nprint(x)\n```", "Again:\n```python\nprint(x + 1)\n```", "The answer is 43.")
OUTPUTS = ("\n```output\n42\n```\n", "\n```output\n43\n```\n")


class Recited:
    """A tool that answers from a list, for tests that are not about the sandbox."""

    def __init__(self, stdout: Sequence[str]) -> None:
        self.stdout = list(stdout)
        self.asked: list[list[str]] = []

    def run_many(self, programs: Sequence[Sequence[str]]) -> list[Result]:
        self.asked += [list(p) for p in programs]
        return [ok(self.stdout[len(p) - 1]) for p in programs]


def ok(stdout: str) -> Result:
    return Result("ok", "", stdout, "", 0.0, 0.0)


@pytest.fixture(scope="module")
def reciter(tokenizer: Tokenizer) -> Decoder:
    """A model that has learnt one conversation by heart, tool outputs included."""
    torch.manual_seed(0)
    model = Decoder(replace(SHAPE, context=256))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    text = TURNS[0] + OUTPUTS[0] + TURNS[1] + OUTPUTS[1] + TURNS[2]
    rows = batch([tokenizer.encode(QUESTION)], [[*tokens_of(tokenizer, text), tokenizer.eos]], torch.device("cpu"))
    for _ in range(120):
        loss = -output_logprobs(model, rows, 1.0)[0].sum() / rows.mask.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def tokens_of(tokenizer: Tokenizer, text: str) -> list[int]:
    """Turn by turn, as a rollout joins them."""
    parts = re.split(r"(\n```output\n.*?\n```\n)", text, flags=re.DOTALL)
    return [token for part in parts for token in tokenizer.encode(part)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[PythonTool]:
    with python_tool(Limits(wall_seconds=60.0)) as made:
        yield made


def ask(model: Decoder, tokenizer: Tokenizer, tool: object, use: ToolUse, **more: int) -> list[ToolAnswer]:
    sampling = Sampling(60, 0.0)
    return sample_with_tool(model, tokenizer, [tokenizer.encode(QUESTION)], sampling, tool, use, 0, **more)  # type: ignore[arg-type]


def test_the_model_writes_programs_the_sandbox_runs_them_and_it_goes_on(
    reciter: Decoder, tokenizer: Tokenizer, sandbox: PythonTool
) -> None:
    (answer,) = ask(reciter, tokenizer, sandbox, ToolUse(rounds=3))
    assert tokenizer.decode(answer.tokens) == TURNS[0] + OUTPUTS[0] + TURNS[1] + OUTPUTS[1] + TURNS[2]
    assert answer.finished and answer.tokens[-1] == tokenizer.eos
    assert answer.programs == ("x = 6 * 7\nprint(x)\n", "print(x + 1)\n")
    assert [r.stdout for r in answer.results] == ["42\n", "43\n"]  # the second knows x of the first


def test_masks_tell_the_models_tokens_from_the_tools(reciter: Decoder, tokenizer: Tokenizer) -> None:
    (answer,) = ask(reciter, tokenizer, Recited(["42\n", "43\n"]), ToolUse(rounds=3))
    assert len(answer.tokens) == len(answer.drawn) == len(answer.logprobs)
    of_tool = [t for t, own in zip(answer.tokens, answer.drawn, strict=True) if not own]
    assert of_tool == [*tokenizer.encode(OUTPUTS[0]), *tokenizer.encode(OUTPUTS[1])]
    assert tokenizer.decode(answer.own_tokens()) == "".join(TURNS)
    assert all((logprob != 0) == own for logprob, own in zip(answer.logprobs, answer.drawn, strict=True))


def test_drawn_ids_are_kept_where_the_text_would_be_encoded_otherwise(tokenizer: Tokenizer) -> None:
    """A model that spells letter by letter: encoding its text again would give other ids."""
    letters = [token for character in TURNS[0] for token in tokenizer.encode(character)]
    assert tokenizer.decode(letters) == TURNS[0] and letters != tokenizer.encode(TURNS[0])
    torch.manual_seed(0)
    model = Decoder(replace(SHAPE, context=256))
    rows = batch([tokenizer.encode(QUESTION)], [letters], torch.device("cpu"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(60):
        loss = -output_logprobs(model, rows, 1.0)[0].sum() / rows.mask.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    (answer,) = ask(model, tokenizer, Recited(["42\n"]), ToolUse())
    block = tokenizer.encode(OUTPUTS[0])
    assert list(answer.tokens[: len(letters) + len(block)]) == letters + block


def test_logprobs_of_drawn_tokens_equal_the_full_forward_and_losses_see_no_other(
    reciter: Decoder, tokenizer: Tokenizer
) -> None:
    prompt = tokenizer.encode(QUESTION)
    sampling = Sampling(60, 0.7)
    answers = sample_with_tool(
        reciter,
        tokenizer,
        [prompt],
        sampling,
        Recited(["42\n"] * 3),
        ToolUse(rounds=3),
        1,
        4,  # type: ignore[arg-type]
    )
    assert any(not all(a.drawn) for a in answers)
    rows = tool_batch([prompt] * 4, answers, torch.device("cpu"))
    assert isinstance(rows, Batch)
    logprobs, entropy = output_logprobs(reciter, rows, 0.7)
    for row, answer in zip(logprobs.detach(), answers, strict=True):
        torch.testing.assert_close(row[: len(answer.tokens)], torch.tensor(answer.logprobs), atol=1e-5, rtol=0)
    assert not logprobs[~rows.mask].any() and not entropy[~rows.mask].any()
    assert int(rows.mask.sum()) == sum(sum(a.drawn) for a in answers)


def test_rounds_limit_turns_and_a_last_program_is_not_run(reciter: Decoder, tokenizer: Tokenizer) -> None:
    for rounds, programs in ((1, 0), (2, 1)):
        tool = Recited(["42\n"])
        (answer,) = ask(reciter, tokenizer, tool, ToolUse(rounds=rounds))
        assert len(tool.asked) == len(answer.programs) == programs
        assert not answer.finished and tokenizer.decode(answer.tokens).endswith(")\n```")


def test_a_group_shares_prompt_seed_and_order(reciter: Decoder, tokenizer: Tokenizer) -> None:
    prompts = [tokenizer.encode(QUESTION), tokenizer.encode("User: 1?\n\nAssistant:")]

    def run(seed: int) -> list[ToolAnswer]:
        tool = Recited(["42\n"] * 3)
        return sample_with_tool(reciter, tokenizer, prompts, Sampling(30, 1.0), tool, ToolUse(), seed, 3)  # type: ignore[arg-type]

    assert run(4) == run(4) != run(5)
    assert len(run(4)) == 6


def test_an_answer_without_room_for_another_turn_stays_as_it_was(tokenizer: Tokenizer, reciter: Decoder) -> None:
    narrow = Decoder(replace(reciter.config, context=len(tokenizer.encode(QUESTION)) + 62))
    narrow.load_state_dict(reciter.state_dict())
    (answer,) = ask(narrow, tokenizer, Recited(["42\n"]), ToolUse())
    assert tokenizer.decode(answer.tokens) == TURNS[0] and all(answer.drawn) and not answer.finished


def test_sampling_stops_at_the_token_that_closes_a_program(reciter: Decoder, tokenizer: Tokenizer) -> None:
    stop = program_ends(tokenizer, reciter.config.vocabulary + 5)  # a padded vocabulary
    assert len(stop.watched) == reciter.config.vocabulary + 5
    assert all("`" in tokenizer.decode([i]) for i in stop.watched.nonzero().flatten().tolist())
    prompts = [tokenizer.encode(QUESTION), tokenizer.encode("Nothing")]
    outputs = sample(reciter, prompts, Sampling(60, 0.0), tokenizer.eos, 0, stop=stop)
    assert tokenizer.decode(outputs[0].tokens) == TURNS[0] and not outputs[0].finished
    never = Stop(stop.watched, lambda tokens: False)
    assert sample(reciter, prompts, Sampling(60, 0.0), tokenizer.eos, 0, stop=never) == sample(
        reciter, prompts, Sampling(60, 0.0), tokenizer.eos, 0
    )


@pytest.mark.parametrize(
    ("turn", "program"),
    [
        ("text\n```python\na\nb\n```", "a\nb\n"),
        (" ```python\na\n```\nmore", "a\n"),
        ("```python\n```", ""),
        ("```python\nprint('```')\n```", "print('```')\n"),
        ("```python\na", None),
        ("```\na\n```", None),
        ("inline ```python\na\n```", None),
        ("no program", None),
    ],
)
def test_program_in(turn: str, program: str | None) -> None:
    assert program_in(turn) == program


def test_long_output_keeps_its_first_and_last_fifty_characters() -> None:
    assert output_block("a" * 60 + "b" * 60, ToolUse(), True) == f"```output\n{'a' * 50}...{'b' * 50}\n```\n"
    assert output_block("a" * 100, ToolUse(), False) == f"\n```output\n{'a' * 100}\n```\n"
    assert output_block("abc", ToolUse(head=1, tail=0), True) == "```output\na...\n```\n"


def test_a_failure_is_shown_by_its_last_line() -> None:
    def failed(outcome: str, reason: str, stderr: str) -> Result:
        return replace(ok("5\n"), outcome=outcome, reason=reason, stderr=stderr)  # type: ignore[arg-type]

    assert shown(ok(" 5\n")) == "5"
    assert shown(failed("error", "exit status 1", "Traceback\n  x\nValueError: y\n")) == "5\nValueError: y"
    assert shown(failed("error", "SIGSEGV", "")) == "5\nstopped: SIGSEGV"
    assert shown(failed("limit", "CPU time", "noise")) == "5\nstopped: CPU time"


def test_settings_that_mean_nothing_are_refused() -> None:
    for wrong in ({"rounds": 0}, {"head": -1}, {"tail": -1}):
        with pytest.raises(ValueError, match="needed"):
            ToolUse(**wrong)
