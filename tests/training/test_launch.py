"""Ranks: two processes train what one trains, rank 0 publishes, and a refusal reaches every rank."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load

from jobs.lake.catalog import Lake
from jobs.lake.datasets import CHECKPOINTS, MODELS
from jobs.lake.stage import StageError
from training import launch
from training.checkpoints import WEIGHTS
from training.config import Recipe
from training.launch import TrainingOptions, ranks_from_environment
from training.pretrain import STAGE, Pretrain

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
sys.path[:0] = [{root!r}, {here!r}]
from dataclasses import replace
from conftest import SMALL
from training import launch
from training.config import ParallelConfig, Saving
from training.pretrain import STAGE
from training.recipes import RECIPES

tiny = RECIPES["tiny"]()
saving, parallel = Saving(every=4, keep=2), ParallelConfig(micro_batch=4, zero_stage={zero})
pretrain = replace(tiny.pretrain, model=SMALL, parallel=parallel, sequences=6, steps=12, saving=saving)
RECIPES["tiny"] = lambda: replace(tiny, pretrain=pretrain)
launch.main(STAGE, str)
"""


def run_on_two(tmp_path: Path, lake: Lake, zero: int = 0) -> subprocess.CompletedProcess[str]:
    """The small recipe under torchrun with two processes."""
    script = tmp_path / "run.py"
    script.write_text(SCRIPT.format(root=str(ROOT), here=str(Path(__file__).parent), zero=zero))
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script), "--lake", lake.root]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "DS_ACCELERATOR": "cpu"}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=300, env=environment, check=False
    )


@pytest.mark.parametrize("zero", [0, 1])
def test_two_processes_train_the_model_that_one_trains(
    tmp_path: Path, fill: Callable[[Path], Lake], small_recipe: Recipe, zero: int
) -> None:
    alone, together = fill(tmp_path / "alone"), fill(tmp_path / "together")
    launch.execute(STAGE, Pretrain(), TrainingOptions(lake=alone.root))
    done = run_on_two(tmp_path, together, zero)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("wrote models/v1/stage=pretrain") == 1, "rank 0 alone publishes and speaks"
    address = MODELS.at("v1", "pretrain")
    together.verify(address)
    one, two = (load(lake.storage.read(f"{address.folder}/{WEIGHTS}")) for lake in (alone, together))
    assert one.keys() == two.keys()
    assert max(float((one[n] - two[n]).abs().max()) for n in one) <= 1e-5
    assert [a.part for a in together.finished(CHECKPOINTS, "v1")] == ["pretrain-00000004", "pretrain-00000008"]


def test_a_refusal_ends_every_process_with_one_message(tmp_path: Path) -> None:
    done = run_on_two(tmp_path, Lake(str(tmp_path / "empty")))
    assert done.returncode != 0
    assert done.stderr.count("tokenizer/v1 has no manifest") == 1
    assert "training/launch.py" not in done.stderr, "a refusal is a message, not a traceback of ours"


def test_the_local_rank_flag_of_the_deepspeed_launcher_is_tolerated(small_lake: Lake, small_recipe: Recipe) -> None:
    launch.main(STAGE, str, ["--local_rank=0", "--lake", small_lake.root])
    assert small_lake.find(MODELS.at("v1", "pretrain")) is not None


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(StageError, match="--device cuda: PyTorch finds no GPU"):
        ranks_from_environment("cuda")


def test_a_plain_message_and_exit_2_for_an_empty_lake(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        launch.main(STAGE, str, ["--lake", str(tmp_path)])
    assert ended.value.code == 2
