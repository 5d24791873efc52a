"""The paper's run: DeepSeekMath 7B (arXiv 2402.03300). What it leaves open is decided here and listed as such."""

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

MODEL = ModelConfig(
    hidden=4096, layers=30, heads=32, kv_heads=32, intermediate=11008, vocabulary=102_400, context=4096
)  # DeepSeek-LLM 7B, the shape of DeepSeek-Coder-Base-v1.5 7B: 6.91 B parameters
PAPER_MIXTURE = Mixture(
    (("math", 0.56), ("github_code", 0.20), ("arxiv", 0.10), ("natural_language", 0.10), ("algebraic_stack", 0.04))
)
CONSTANT = Schedule(warmup_steps=0, drops=())
OPEN_CHOICES = {
    "pretrain.document_mask": "tokens attend to their own document only, so that packing changes no result",
    "precision": "bfloat16 arithmetic, float32 master weights and gradient sums",
    "weight_decay_on": "matrices and embeddings; norms have none",
    "parallel": "ZeRO 1 on 64 GPUs of 80 GB with activation checkpointing, two rows a forward pass",
    "pretrain.initial_weights": "random without --start-from; the paper starts from DeepSeek-Coder-Base-v1.5 7B",
    "sft.optimizer": "AdamW as in pretraining, no warm-up",
    "sft.suffix": "the sentence that evaluation asks with, by kind and language; none for PoT",
    "sft.held_out": "1% of the questions, for a validation loss every 50 steps",
    "reward_model.head": "a linear head on the last hidden state; binary cross-entropy; one epoch",
    "grpo.batch": "batch size 1024 is read as 1024 outputs: 16 questions of 64",
    "grpo.epsilon": "0.2, without effect at one update per exploration (the ratio is 1)",
    "grpo.sampling": "temperature 1.0 and top-p 1.0, so that samples come from the very policy that is updated",
    "grpo.std": "population; a group without variance has advantage 0",
    "evaluate.samples": "64 samples at temperature 0.7 for Maj@K and Pass@K",
}


def math_7b() -> Recipe:
    """500 B tokens in 50,000 steps of 2,441 x 4,096, then SFT, reward model and GRPO with the paper's settings."""
    gpus = ParallelConfig(micro_batch=2, gpus=64, zero_stage=1, precision="bf16", activation_checkpointing=True)
    return Recipe(
        name="math_7b",
        paper_run="7B",
        pretrain=PretrainConfig(
            model=MODEL,
            optimizer=OptimizerConfig(peak=4.2e-4, schedule=Schedule(warmup_steps=2000)),
            parallel=gpus,
            mixture=PAPER_MIXTURE,
            sequences=2441,
            steps=50_000,
            saving=Saving(every=500, keep=3),
        ),
        sft=SftConfig(
            optimizer=OptimizerConfig(peak=5e-5, schedule=CONSTANT),
            parallel=gpus,
            examples=776_000,
            rows=256,
            steps=500,
            saving=Saving(every=100),
            context=4096,
        ),
        reward_model=RewardModelConfig(
            optimizer=OptimizerConfig(peak=2e-5, schedule=CONSTANT),
            parallel=gpus,
            questions=15_000,
            samples=15,
            supervision="process",
            saving=Saving(every=100),
        ),
        grpo=GrpoConfig(
            optimizer=OptimizerConfig(peak=1e-6, schedule=CONSTANT),
            parallel=gpus,
            questions=144_000,
            questions_per_step=16,
            steps=9_000,
            saving=Saving(every=100),
        ),
        evaluate=EvaluateConfig(questions=1319, rows=256, precision="bf16"),
        open_choices=OPEN_CHOICES,
    )
