import pytest

from training.benchmarks.word_problems import examples
from training.grading import grade
from training.prompts import SUFFIXES, Suffix, prompt, response


def test_prompt_is_the_papers_chat_format() -> None:
    assert prompt("What is 1 + 1?") == "User: What is 1 + 1?\n\nAssistant:"


def test_suffixes_are_the_papers_sentences() -> None:
    assert "put your final answer within \\boxed{}." in prompt("Q", "english")
    assert "\\boxed{}" in SUFFIXES["chinese"] and "逐步推理" in SUFFIXES["chinese"]
    assert "with programs to solve the problem above" in prompt("Q", "english_tool")
    assert "\\boxed{}" in SUFFIXES["chinese_tool"] and "Python程序语言" in SUFFIXES["chinese_tool"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_response_states_the_answer_the_way_the_grader_reads_it(suffix: Suffix) -> None:
    question = examples("sft", 1, seed=3)[0]
    text = response(question.solution, question.answer, suffix)
    assert text.startswith(" ") and text.count("\n") == len(question.solution) - 1
    assert grade(text, question.answer).correct
