from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_models import SHAPE, coin_flipper, publish, write_questions

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS
from jobs.lake.stage import StageError
from training import launch, reward_model
from training.benchmarks.questions import Question
from training.checkpoints import read_weights
from training.config import OptimizerConfig, ParallelConfig, RewardModelConfig, Saving, Schedule
from training.grading import grade
from training.launch import TrainingOptions
from training.model import Decoder
from training.progress import Progress
from training.recipes import RECIPES
from training.rewards import (
    Scorer,
    newline_tokens,
    read_reward_model,
    step_end_mask,
    step_ends,
    step_probabilities,
    with_reward_head,
)
from training.rollout import batch
from training.tokenizer import Tokenizer

SMALL = RewardModelConfig(
    optimizer=OptimizerConfig(peak=3e-3, schedule=Schedule(0, ()), weight_decay=0.0),
    parallel=ParallelConfig(micro_batch=16), questions=20, samples=8, saving=Saving(every=3), completions=3, rows=16,
    epochs=2, max_new_tokens=24, held_out=0.25, suffix="none",
)  # fmt: skip
ADDRESS = MODELS.at("v1", "reward_model")
CPU = torch.device("cpu")


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[RewardModelConfig], None]:
    tiny = RECIPES["tiny"]()

    def set_recipe(config: RewardModelConfig) -> None:
        monkeypatch.setitem(RECIPES, "tiny", lambda: replace(tiny, reward_model=config))

    return set_recipe


@pytest.fixture
def lake(tmp_path: Path, tokenizer: Tokenizer) -> Lake:
    return _lake(tmp_path / "lake", tokenizer)


def _lake(root: Path, tokenizer: Tokenizer) -> Lake:
    found = Lake(str(root))
    for stage in ("pretrain", "sft"):
        publish(found, stage, tokenizer, coin_flipper(tokenizer))
    return found


def _run(lake: Lake, questions: str) -> dict[str, object]:
    settings = reward_model.RewardModel(questions=questions)
    launch.execute(reward_model.STAGE, settings, TrainingOptions(lake=lake.root))
    return lake.require(ADDRESS, "test").figures


def test_tells_right_solutions_from_wrong_ones_on_questions_it_never_saw(
    lake: Lake, tmp_path: Path, use: Callable[[RewardModelConfig], None]
) -> None:
    use(SMALL)
    figures = _run(lake, write_questions(tmp_path))
    assert figures["held_out_solutions"] == 40
    assert float(str(figures["majority_accuracy"])) < 0.8 and float(str(figures["held_out_accuracy"])) > 0.9
    assert float(str(figures["held_out_auc"])) > 0.9


def test_published_model_is_hugging_faces_sequence_classifier(
    lake: Lake, tmp_path: Path, tokenizer: Tokenizer, use: Callable[[RewardModelConfig], None]
) -> None:
    use(SMALL)
    _run(lake, write_questions(tmp_path))
    from transformers import AutoModelForSequenceClassification

    theirs = AutoModelForSequenceClassification.from_pretrained(lake.storage.path(ADDRESS.folder))
    ours = read_reward_model(lake, ADDRESS, CPU)
    tokens = torch.tensor([tokenizer.encode("User: Case 1: how many?\n\nAssistant: 7")])
    with torch.no_grad():
        torch.testing.assert_close(theirs(tokens).logits[0], ours(tokens)[0, -1], atol=1e-5, rtol=1e-5)


def test_resume_is_bit_for_bit_and_samples_nothing_again(
    tmp_path: Path, tokenizer: Tokenizer, use: Callable[[RewardModelConfig], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(SMALL)
    questions = write_questions(tmp_path)
    whole, broken = _lake(tmp_path / "whole", tokenizer), _lake(tmp_path / "broken", tokenizer)
    _run(whole, questions)
    tell = Progress.step

    def fail(self: Progress, step: int, metrics: dict[str, float], count: int) -> None:
        if step == 5:
            raise KeyboardInterrupt
        tell(self, step, metrics, count)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Progress, "step", fail)
        _run(broken, questions)
    with monkeypatch.context() as patch:
        patch.setattr(reward_model, "sampled_solutions", None)
        _run(broken, questions)
    left, right = read_weights(whole, ADDRESS), read_weights(broken, ADDRESS)
    assert all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("label", ["hard", "soft"])
def test_steps_are_labelled_by_where_completions_lead(tokenizer: Tokenizer, label: str) -> None:
    """The coin falls in the first step: after `= 7` completions are right, after `= 4` they are not."""
    sampler = Decoder(SHAPE)
    sampler.load_state_dict(dict(coin_flipper(tokenizer)))
    config = replace(SMALL, supervision="process", label=label, completions=4)
    questions = [(n, Question(str(n), f"Case {n}: how many?", (), "7")) for n in range(1, 6)]
    solutions = reward_model.label(questions, sampler, tokenizer, config, seed=3)
    assert len(solutions) == 40
    two_steps = [s for s in solutions if len(s.ends) == 2]
    assert len(two_steps) > 30
    for solution in solutions:
        text = tokenizer.decode(solution.tokens)
        assert solution.labels[-1] == float(grade(text, "7").correct)
        assert solution.ends[-1] == len(solution.tokens) - 1
        assert all(0 <= x <= 1 for x in solution.labels)
    by_first_step = [(s.labels[0], "= 7\n" in tokenizer.decode(s.tokens)) for s in two_steps]
    agreeing = sum((value > 0.5) == right for value, right in by_first_step)
    assert agreeing > 0.8 * len(two_steps) and len({right for _, right in by_first_step}) == 2


def test_loss_is_the_cross_entropy_at_step_ends_alone(tokenizer: Tokenizer) -> None:
    torch.manual_seed(0)
    model = Decoder(SHAPE)
    model.lm_head = torch.nn.Linear(SHAPE.hidden, 1, bias=False)
    part = [
        reward_model.Solution(0, [5, 6], [7, 8, 9], [1, 2], [1.0, 0.25]),
        reward_model.Solution(1, [5], [7], [0], [0.0]),
    ]
    first = model(torch.tensor([[5, 6, 7, 8, 9]]))[0, :, 0]
    second = model(torch.tensor([[5, 7]]))[0, :, 0]
    logits, labels = torch.stack([first[3], first[4], second[1]]), torch.tensor([1.0, 0.25, 0.0])
    wanted = -(labels * torch.sigmoid(logits).log() + (1 - labels) * torch.sigmoid(-logits).log()).sum()
    found = reward_model.label_loss(model, part, CPU)
    torch.testing.assert_close(found, wanted)
    assert reward_model.label_loss(model, [], CPU).item() == 0


def test_a_step_ends_at_the_last_of_its_line_breaks_and_at_the_last_token(tokenizer: Tokenizer) -> None:
    lines = newline_tokens(tokenizer)
    (line_break,) = tokenizer.encode("\n")
    assert line_break in lines and tokenizer.eos not in lines
    a = tokenizer.encode("7")[0]
    assert step_ends([a, line_break, a, a], lines) == [1, 3]
    assert step_ends([a, line_break, line_break, a], lines) == [2, 3]
    assert step_ends([a, line_break], lines) == [1]
    assert step_ends([a], lines) == [0]
    rows = batch([[a, a], [a]], [[a, line_break, a], [a]], CPU)
    mask = step_end_mask(rows, [[1, 2], [0]])
    assert mask.tolist() == [[False, False, False, True, True], [False, False, True, False, False]]


def test_rewards_before_training_are_one_half_and_a_broken_model_scores_nothing() -> None:
    torch.manual_seed(0)
    model = with_reward_head(Decoder(SHAPE))
    rows = batch([[5, 6]], [[7, 8]], CPU)
    assert step_probabilities(model, rows, [[0, 1]]) == [[0.5, 0.5]]
    torch.nn.init.constant_(model.lm_head.weight, float("nan"))
    (values,) = step_probabilities(model, rows, [[1]])
    assert values[0] != values[0]


def test_the_sum_adds_the_verdict_to_the_last_step(tokenizer: Tokenizer) -> None:
    torch.manual_seed(0)
    model = with_reward_head(Decoder(SHAPE))
    right, wrong = (tokenizer.encode(f" 1 + 6 = 7\nThe answer is {n}.") for n in (7, 8))
    scorer = Scorer(tokenizer, "sum", "process", model, rows=1)
    good, bad = scorer.score([[5], [5]], [right, wrong], ["7", "7"])
    assert (good.steps, good.reward, good.right) == ((0.5, 1.5), 1.5, True)
    assert (bad.steps, bad.reward, bad.right) == ((0.5, 0.5), 0.5, False)
    with pytest.raises(ValueError, match="do not fit"):
        Scorer(tokenizer, "reward_model", "outcome", None, rows=1)


def test_auc_counts_pairs_and_needs_both_kinds() -> None:
    assert reward_model.auc([0.9, 0.2, 0.5, 0.5], [True, False, True, False]) == 0.875
    assert reward_model.auc([0.9], [True]) is None


def test_too_few_questions_to_hold_any_out_is_refused(
    lake: Lake, tmp_path: Path, use: Callable[[RewardModelConfig], None]
) -> None:
    use(replace(SMALL, held_out=0.01))
    with pytest.raises(StageError, match="leave a side empty"):
        _run(lake, write_questions(tmp_path))
