"""The demo's recipe: the paper's stages on a model of a million parameters, in minutes on one CPU core."""

from training.config import (
    EvaluateConfig,
    GrpoConfig,
    Mixture,
    ModelConfig,
    OptimizerConfig,
    ParallelConfig,
    PretrainConfig,
    Recipe,
    RewardModelConfig,
    Saving,
    Schedule,
    SftConfig,
)
from training.recipes.math_7b import PAPER_MIXTURE

MODEL = ModelConfig(
    hidden=128, layers=4, heads=4, kv_heads=4, intermediate=344, vocabulary=2048, context=256, init_std=0.02
)
# Warm-up and drops in the paper's proportions; peaks fit the size and the few steps.
OPEN_CHOICES = {
    "sizes": "model, steps and batch are a demo's; learning rates fit them",
    "pretrain.mixture": "the paper's shares over the sources that the lake has",
    "pretrain.initial_weights": "random, init std 0.02: at width 128 the paper's 0.006 starts too slowly",
    "grpo.reward": "exact grading of the final answer; the reward model is trained beside and reported",
}


def tiny() -> Recipe:
    one = ParallelConfig(micro_batch=8)
    return Recipe(
        name="tiny",
        paper_run="7B",
        pretrain=PretrainConfig(
            model=MODEL,
            optimizer=OptimizerConfig(peak=2e-3, schedule=Schedule(warmup_steps=20)),
            parallel=one,
            mixture=Mixture(PAPER_MIXTURE.shares, only_present=True),
            sequences=16,
            steps=160,
            saving=Saving(every=50),
        ),
        sft=SftConfig(
            optimizer=OptimizerConfig(peak=2e-3, schedule=Schedule(warmup_steps=20)),
            parallel=ParallelConfig(micro_batch=4),
            examples=10_000,
            # At equal time many small steps learn more here than few large ones: 46.8% against 33.4% with 16 rows.
            rows=4,
            steps=900,
            saving=Saving(every=150),
            context=256,
            suffix="none",
            validate_every=150,
        ),
        reward_model=RewardModelConfig(
            optimizer=OptimizerConfig(peak=5e-4, schedule=Schedule(warmup_steps=5)),
            parallel=one,
            questions=200,
            samples=8,
            rows=32,
            epochs=2,
            saving=Saving(every=25),
            max_new_tokens=64,
            held_out=0.2,
            suffix="none",
        ),
        grpo=GrpoConfig(
            optimizer=OptimizerConfig(
                peak=1e-4, schedule=Schedule(warmup_steps=0, drops=()), beta2=0.99, weight_decay=0.0
            ),
            parallel=ParallelConfig(micro_batch=64),
            questions=2000,
            questions_per_step=16,
            steps=40,
            saving=Saving(every=10),
            group=8,
            max_new_tokens=64,
            reward="verifier",
            suffix="none",
        ),
        evaluate=EvaluateConfig(questions=200, rows=128, max_new_tokens=64, samples=4, suffix="none"),
        open_choices=OPEN_CHOICES,
    )
