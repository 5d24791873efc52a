"""The reward model (paper 4.2): the base model with a scalar head, trained on the fine-tuned model's own solutions.

    python -m training.reward_model --recipe tiny
    torchrun --nproc-per-node 8 -m training.reward_model --recipe math_7b --questions train.jsonl

Solutions are sampled from the fine-tuned model on questions that fine-tuning did not see, and the verifier labels them.
Under process supervision every earlier step end is labelled too, as in Math-Shepherd: by how many of N completions
sampled from there reach the gold answer. Left out on purpose: training on with the policy's later samples
(Algorithm 1).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS, Address
from jobs.lake.settings import Location
from jobs.lake.stage import Stage, StageError
from training import dry_run, launch
from training.benchmarks.questions import Question, question_digests
from training.benchmarks.word_problems import training_questions
from training.checkpoints import Checkpoints, read_model
from training.config import RewardModelConfig, as_json
from training.engine import Engine
from training.grading import grade
from training.launch import TrainingRun, TrainingSettings
from training.model import Decoder
from training.progress import Progress
from training.prompts import prompt
from training.rewards import newline_tokens, publish_reward_model, step_end_mask, step_ends, with_reward_head
from training.rollout import Sampling, batch, chunks, sample
from training.tokenizer import Tokenizer

DATA = "solutions.json"


@dataclass(frozen=True)
class RewardModel(TrainingSettings):
    """Train the reward model on solutions that the fine-tuned model samples (paper 4.2)."""

    questions: Location = ""
    """A file or folder of questions in GSM8K's layout; empty: generated word problems of the split for RL."""


@dataclass(frozen=True)
class Solution:
    """A sampled solution with what the model learns from it: a label between 0 and 1 at some of its step ends."""

    question: int
    prompt: list[int]
    tokens: list[int]
    ends: list[int]
    """Token indices within the solution; the last one is its last token."""
    labels: list[float]
    """One for each end; the last one is the verifier's verdict on the whole solution."""


def reads(settings: RewardModel, lake: Lake) -> list[Address]:
    return [MODELS.at(settings.version, "pretrain"), MODELS.at(settings.version, "sft")]


def writes(settings: RewardModel) -> list[Address]:
    return [MODELS.at(settings.version, "reward_model")]


def reward_model(settings: RewardModel, run: TrainingRun) -> None:
    config = settings.plan.reward_model
    base, tokenizer = read_model(
        run.lake, MODELS.at(settings.version, "pretrain"), run.device, config.parallel.activation_checkpointing
    )
    questions = training_questions(config.questions, settings.seed, settings.questions)
    steps = _steps(config, round(len(questions) * (1 - config.held_out)) * config.samples)
    engine = Engine(with_reward_head(base), config.optimizer, config.parallel, steps, run.ranks)
    checkpoints = Checkpoints(run, config.saving, as_json(config))
    resumed = checkpoints.resume(engine)
    solutions = (
        [Solution(**s) for s in json.loads(resumed.extra[DATA])]
        if resumed
        else sampled_solutions(questions, settings, run)
    )
    learned, held_out = _split(solutions, len(questions), config.held_out)
    progress = Progress(run, steps, resumed.metrics if resumed else b"", unit="solutions")
    for step in range(resumed.step if resumed else 0, steps):
        mine = _rows(learned, step, config, settings.seed)[run.ranks.rank :: run.ranks.world]
        labels = run.ranks.total(sum(len(s.labels) for s in mine))
        # An empty micro-batch keeps ranks in step where the last rows do not divide.
        share = -(-config.rows // run.ranks.world)
        parts = [mine[i : i + config.parallel.micro_batch] for i in range(0, share, config.parallel.micro_batch)]

        def objective(part: Sequence[Solution], labels: float = labels) -> Tensor:
            return label_loss(engine.model, part, run.device) / labels

        update = engine.update(parts, objective)
        progress.step(step + 1, {"loss": update.loss, "gradient_norm": update.gradient_norm}, config.rows)
        if checkpoints.due(step + 1, steps):
            data = json.dumps([asdict(s) for s in solutions]).encode()
            checkpoints.save(engine, step + 1, progress.lines(), {DATA: data})
    _measure(engine, learned, held_out, run)
    weights = engine.weights()
    if run.ranks.first:
        publish_reward_model(run, weights, base.config, tokenizer, as_json(config), progress.lines())
    progress.close()
    run.count_in(len(solutions))


def sampled_solutions(questions: Sequence[Question], settings: RewardModel, run: TrainingRun) -> list[Solution]:
    """Labelled solutions of the fine-tuned model to all questions, the same list on every rank."""
    config = settings.plan.reward_model
    sampler, tokenizer = read_model(run.lake, MODELS.at(settings.version, "sft"), run.device)
    mine = list(enumerate(questions))[run.ranks.rank :: run.ranks.world]
    done: list[Solution] = []
    for part in chunks(mine, max(1, 256 // config.samples)):
        done += label(part, sampler, tokenizer, config, seed=_seed(settings.seed, part[0][0]))
        run.log(f"sampled solutions to {len(done) // config.samples:,} of {len(mine):,} questions on this rank")
    found = [s for of_rank in run.ranks.gather(done) for s in of_rank]
    return sorted(found, key=lambda s: s.question)


def label(
    questions: Sequence[tuple[int, Question]],
    sampler: Decoder,
    tokenizer: Tokenizer,
    config: RewardModelConfig,
    seed: int,
) -> list[Solution]:
    """Sample `config.samples` solutions of each numbered question and label them as the config says."""
    prompts = tokenizer.encode_many([prompt(q.question, config.suffix) for _, q in questions])
    sampling = Sampling(config.max_new_tokens, config.temperature)
    outputs = sample(sampler, prompts, sampling, tokenizer.eos, seed, config.samples)
    lines = newline_tokens(tokenizer)
    solutions, golds = [], []
    for index, output in enumerate(outputs):
        number, question = questions[index // config.samples]
        right = float(grade(tokenizer.decode(output.tokens), question.answer).correct)
        ends = step_ends(output.tokens, lines) if config.supervision == "process" else [len(output.tokens) - 1]
        labels = [float("nan")] * (len(ends) - 1) + [right]
        solutions.append(Solution(number, prompts[index // config.samples], list(output.tokens), ends, labels))
        golds.append(question.answer)
    _label_steps(solutions, golds, sampler, tokenizer, config, seed)
    return solutions


def _label_steps(
    solutions: Sequence[Solution],
    golds: Sequence[str],
    sampler: Decoder,
    tokenizer: Tokenizer,
    config: RewardModelConfig,
    seed: int,
) -> None:
    """Label every step end before the last by completions sampled from there (Math-Shepherd)."""
    places = [(s, i) for s, solution in enumerate(solutions) for i in range(len(solution.ends) - 1)]
    beginnings = [solutions[s].prompt + solutions[s].tokens[: solutions[s].ends[i] + 1] for s, i in places]
    if not beginnings:
        return
    sampling = Sampling(config.max_new_tokens, config.temperature)
    completions = sample(sampler, beginnings, sampling, tokenizer.eos, seed + 1, config.completions)
    for (s, i), group in zip(places, chunks(completions, config.completions), strict=True):
        before = tokenizer.decode(solutions[s].tokens[: solutions[s].ends[i] + 1])
        right = [grade(before + tokenizer.decode(c.tokens), golds[s]).correct for c in group]
        solutions[s].labels[i] = float(any(right)) if config.label == "hard" else sum(right) / len(right)


def label_loss(model: torch.nn.Module, part: Sequence[Solution], device: torch.device) -> Tensor:
    """Binary cross-entropy summed over all labelled step ends of a micro-batch; 0 with a gradient for an empty one."""
    if not part:
        return sum((p.sum() * 0.0 for p in model.parameters()), torch.zeros((), device=device))
    logits, labels = _logits(model, part, device)
    return F.binary_cross_entropy_with_logits(logits, labels, reduction="sum")


def _logits(model: torch.nn.Module, part: Sequence[Solution], device: torch.device) -> tuple[Tensor, Tensor]:
    rows = batch([s.prompt for s in part], [s.tokens for s in part], device)
    at = step_end_mask(rows, [s.ends for s in part])
    logits = model(rows.tokens, documents=rows.documents, at=at).squeeze(-1).float()
    return logits, torch.tensor([x for s in part for x in s.labels], device=device)


def _measure(engine: Engine, learned: Sequence[Solution], held_out: Sequence[Solution], run: TrainingRun) -> None:
    """Accuracy of the whole solution's verdict on questions that were kept apart."""
    verdicts, scores = np.array([s.labels[-1] for s in held_out]), []
    engine.module.eval()
    with torch.no_grad(), engine.arithmetic():
        for part in chunks(held_out, engine.parallel.micro_batch):
            logits, _ = _logits(engine.module, part, run.device)
            last = np.cumsum([len(s.ends) for s in part]) - 1
            scores += logits[torch.as_tensor(last, device=logits.device)].tolist()
    right = verdicts > 0.5
    accuracy = float(((np.array(scores) > 0) == right).mean())
    majority = float(max(right.mean(), 1 - right.mean()))
    run.figure("held_out_solutions", len(held_out))
    run.figure("held_out_accuracy", round(accuracy, 4))
    run.figure("majority_accuracy", round(majority, 4))
    run.figure("held_out_auc", auc(np.array(scores), right))
    run.figure("right_share", round(float(np.mean([s.labels[-1] for s in [*learned, *held_out]])), 4))
    run.log(f"held out: accuracy {accuracy:.1%} of {len(held_out)} solutions; always the same answer: {majority:.1%}")


def auc(scores: Iterable[float], right: Iterable[bool]) -> float | None:
    """Probability that a right solution scores above a wrong one, ties half; None where one kind is missing."""
    values, flags = np.asarray(list(scores)), np.asarray(list(right), dtype=bool)
    good, bad = values[flags], values[~flags]
    if not len(good) or not len(bad):
        return None
    above = (good[:, None] > bad[None]).mean() + 0.5 * (good[:, None] == bad[None]).mean()
    return round(float(above), 4)


def _split(solutions: Sequence[Solution], questions: int, share: float) -> tuple[list[Solution], list[Solution]]:
    """Solutions to learn from and solutions held out, by question."""
    border = round(questions * (1 - share))
    learned = [s for s in solutions if s.question < border]
    held_out = [s for s in solutions if s.question >= border]
    if not learned or not held_out:
        raise StageError(f"{questions} questions with held_out = {share} leave a side empty; change the recipe")
    return learned, held_out


def _steps(config: RewardModelConfig, solutions: int) -> int:
    return -(-solutions * config.epochs // config.rows)


def _rows(learned: Sequence[Solution], step: int, config: RewardModelConfig, seed: int) -> list[Solution]:
    """The solutions of a step: a seeded permutation for each epoch, one after the other."""
    orders = [np.random.default_rng([seed, epoch]).permutation(len(learned)) for epoch in range(config.epochs)]
    return [learned[i] for i in np.concatenate(orders)[step * config.rows : (step + 1) * config.rows]]


def _seed(seed: int, question: int) -> int:
    return int(np.random.default_rng([seed, question, 3]).integers(2**62))


STAGE = Stage(RewardModel, reward_model, writes=writes, reads=reads, sources=lambda s: question_digests(s.questions))

if __name__ == "__main__":
    launch.main(STAGE, lambda settings: dry_run.report("reward_model", settings.plan))
