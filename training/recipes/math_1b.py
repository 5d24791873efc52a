"""The paper's 1.3 B ablation (2.1): a model for each candidate corpus shows whether the corpus is better."""

from dataclasses import replace

from training.config import ModelConfig, OptimizerConfig, ParallelConfig, Recipe, Saving, Schedule
from training.recipes.math_7b import math_7b

MODEL = ModelConfig(hidden=2048, layers=24, heads=16, kv_heads=16, intermediate=5504, vocabulary=102_400, context=4096)


def math_1b() -> Recipe:
    """150 B tokens in 37,500 steps of 976 x 4,096 (4 M tokens); the later stages as in math_7b."""
    paper = math_7b()
    gpus = ParallelConfig(micro_batch=2, gpus=8, zero_stage=1, precision="bf16", activation_checkpointing=True)
    return replace(
        paper,
        name="math_1b",
        paper_run="1.3B",
        pretrain=replace(
            paper.pretrain,
            model=MODEL,
            optimizer=OptimizerConfig(peak=5.3e-4, schedule=Schedule(warmup_steps=2000)),
            parallel=gpus,
            sequences=976,
            steps=37_500,
            saving=Saving(every=500),
        ),
        sft=replace(paper.sft, parallel=gpus),
        reward_model=replace(paper.reward_model, parallel=gpus),
        grpo=replace(paper.grpo, parallel=gpus),
        open_choices={
            **paper.open_choices,
            "model": "the paper says 1.3 B and no shape; this is DeepSeek-Coder 1.3B's with the 7B's vocabulary",
            "pretrain.mixture": "the 7B run's; the paper trains the ablation on one candidate corpus at a time",
            "parallel": "ZeRO 1 on 8 GPUs, two rows a forward pass",
        },
    )
