"""A run that dies at any step and starts again ends with the same weights, bit for bit, from whatever is whole."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.lake.catalog import Lake, Publication
from jobs.lake.datasets import CHECKPOINTS, MODELS
from jobs.lake.stage import LOG
from training import launch
from training.checkpoints import METRICS, WEIGHTS, read_model
from training.config import Recipe
from training.launch import TrainingOptions
from training.pretrain import STAGE, Pretrain
from training.progress import Progress
from training.recipes import RECIPES

MODEL = MODELS.at("v1", "pretrain")


class Killed(BaseException):
    """Stands for the process ending at once: nothing of ours catches it."""


def run(lake: Lake, **options: bool) -> None:
    launch.execute(STAGE, Pretrain(), TrainingOptions(lake=lake.root, **options))


def run_until(lake: Lake, step: int) -> None:
    """Run, and die when `step` steps are done: before a checkpoint that would be due then."""
    with pytest.MonkeyPatch.context() as patch:
        tell = Progress.step

        def die(self: Progress, done: int, *arguments: object) -> None:
            tell(self, done, *arguments)  # type: ignore[arg-type]
            if done == step:
                raise Killed

        patch.setattr(Progress, "step", die)
        with pytest.raises(Killed):
            run(lake)
    assert lake.find(MODEL) is None


def outcome(lake: Lake) -> tuple[bytes, bytes]:
    lake.verify(MODEL)
    return lake.storage.read(f"{MODEL.folder}/{WEIGHTS}"), lake.storage.read(f"{MODEL.folder}/{METRICS}")


def checkpoint_steps(lake: Lake) -> list[str]:
    return [a.part for a in lake.finished(CHECKPOINTS, "v1")]


@pytest.fixture
def uninterrupted(tmp_path: Path, fill: Callable[[Path], Lake], small_recipe: Recipe) -> tuple[bytes, bytes]:
    lake = fill(tmp_path / "uninterrupted")
    run(lake)
    return outcome(lake)


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(LOG, "info", lambda text, *words: found.append(text % words))
    return found


@pytest.mark.parametrize("step", [1, 4, 5, 8, 11])
def test_resume_equals_an_uninterrupted_run_bit_for_bit(
    small_lake: Lake, uninterrupted: tuple[bytes, bytes], step: int, messages: list[str]
) -> None:
    run_until(small_lake, step)
    run(small_lake)
    assert outcome(small_lake) == uninterrupted
    saved = (step - 1) // 4 * 4  # a checkpoint every 4 steps, written after the step is told
    assert any(f"goes on after step {saved}" in m for m in messages) == (saved > 0)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    small_lake: Lake, uninterrupted: tuple[bytes, bytes]
) -> None:
    run(small_lake)
    assert outcome(small_lake) == uninterrupted
    launch.execute(STAGE, Pretrain(seed=2), TrainingOptions(lake=small_lake.root, replace=True))
    assert outcome(small_lake)[0] != uninterrupted[0]


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    small_lake: Lake, uninterrupted: tuple[bytes, bytes], messages: list[str]
) -> None:
    run_until(small_lake, 11)
    assert checkpoint_steps(small_lake) == ["pretrain-00000004", "pretrain-00000008"]
    state = Path(small_lake.root) / CHECKPOINTS.at("v1", "pretrain-00000008").folder / "engine/state.pt"
    data = bytearray(state.read_bytes())
    data[len(data) // 2] ^= 1
    state.write_bytes(data)
    run(small_lake)
    assert any("pretrain-00000008 is damaged" in m for m in messages)
    assert any("goes on after step 4 " in m for m in messages)
    assert outcome(small_lake) == uninterrupted


def test_death_while_a_checkpoint_is_written_leaves_the_one_before(
    small_lake: Lake, uninterrupted: tuple[bytes, bytes], messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = Publication.finish

    def die(self: Publication, *arguments: object, **named: object) -> object:
        if self.address.part == "pretrain-00000008":
            raise Killed
        return finish(self, *arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Publication, "finish", die)
        with pytest.raises(Killed):
            run(small_lake)
    assert checkpoint_steps(small_lake) == ["pretrain-00000004"]
    run(small_lake)
    assert any("goes on after step 4 " in m for m in messages)
    assert outcome(small_lake) == uninterrupted


def test_a_checkpoint_of_another_recipe_is_left_alone(
    small_lake: Lake, small_recipe: Recipe, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_until(small_lake, 6)
    optimizer = replace(small_recipe.pretrain.optimizer, peak=1e-4)
    changed = replace(small_recipe, pretrain=replace(small_recipe.pretrain, optimizer=optimizer))
    monkeypatch.setitem(RECIPES, "tiny", lambda: changed)
    run(small_lake)
    assert any("is of another run and left alone" in m and "0.0001" in m for m in messages)
    assert not any("goes on after" in m for m in messages)


def test_only_the_newest_checkpoints_are_kept(small_lake: Lake, small_recipe: Recipe) -> None:
    saving = replace(small_recipe.pretrain.saving, every=2, keep=2)
    RECIPES["tiny"] = lambda: replace(small_recipe, pretrain=replace(small_recipe.pretrain, saving=saving))
    run(small_lake)
    assert checkpoint_steps(small_lake) == ["pretrain-00000008", "pretrain-00000010"]


def test_replace_trains_a_finished_model_again_from_the_start(
    small_lake: Lake, small_recipe: Recipe, messages: list[str]
) -> None:
    run(small_lake)
    first = outcome(small_lake)
    run(small_lake, replace=True)
    assert not any("goes on after" in m for m in messages)
    assert outcome(small_lake) == first


def test_no_resume_begins_at_the_start(small_lake: Lake, small_recipe: Recipe, messages: list[str]) -> None:
    run_until(small_lake, 6)
    run(small_lake, resume=False)
    assert not any("goes on after" in m for m in messages)


def test_a_published_model_loads_here_and_in_hugging_face_alike(small_lake: Lake, small_recipe: Recipe) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    run(small_lake)
    model, tokenizer = read_model(small_lake, MODEL)
    folder = Path(small_lake.root) / MODEL.folder
    theirs = AutoModelForCausalLM.from_pretrained(folder)
    row = torch.tensor([tokenizer.encode("User: Mary has 3 apples.")])
    assert AutoTokenizer.from_pretrained(folder)("User: Mary has 3 apples.")["input_ids"] == row[0].tolist()
    with torch.no_grad():
        assert torch.allclose(model(row), theirs(row).logits, atol=1e-5)
        written = theirs.generate(row, max_new_tokens=4, do_sample=False)
    assert written.shape[1] > row.shape[1]
