"""Group relative policy optimisation (paper 4.1, Algorithm 1) from the fine-tuned model.

    python -m training.grpo --recipe tiny
    torchrun --nproc-per-node 8 -m training.grpo --recipe math_7b --questions train.jsonl

Each step samples a group of outputs for some questions, scores them, and updates the policy; the KL term holds it to
the reference, which becomes the policy after each iteration. The loss says nothing at one update per exploration, so
steps report reward, KL, ratio, entropy, length, clipped share and the share of groups that teach nothing.

Left out on purpose: training the reward model on between iterations; sampling by another process or engine.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from jobs.lake.catalog import Lake
from jobs.lake.datasets import MODELS, Address
from jobs.lake.settings import Location
from jobs.lake.stage import Stage, StageError
from training import advantages, dry_run, launch, policy_losses
from training.benchmarks.questions import Question, question_digests
from training.benchmarks.word_problems import training_questions
from training.checkpoints import Checkpoints, publish_model, read_model
from training.config import GrpoConfig, as_json
from training.engine import Engine
from training.launch import TrainingRun, TrainingSettings
from training.model import Decoder
from training.progress import Progress
from training.prompts import prompt
from training.rewards import Scored, Scorer, read_reward_model
from training.rollout import Output, Sampling, batch, chunks, output_logprobs, sample
from training.tokenizer import Tokenizer

REFERENCE = "reference.pt"


@dataclass(frozen=True)
class Grpo(TrainingSettings):
    """Reinforce right answers relative to the other answers of the same question (paper 4.1)."""

    questions: Location = ""
    """A file or folder of questions in GSM8K's layout; empty: generated word problems of the split for RL."""


@dataclass(frozen=True)
class Sample:
    """One output of an exploration, with what its update needs."""

    prompt: list[int]
    output: Output
    advantages: list[float]
    """One for each token of the output."""


@dataclass
class Tally:
    """Sums over this rank's part of a step, to be averaged over all ranks."""

    outputs: float = 0.0
    reward: float = 0.0
    right: float = 0.0
    length: float = 0.0
    finished: float = 0.0
    unscored: float = 0.0
    groups: float = 0.0
    flat_groups: float = 0.0
    tokens: float = 0.0
    kl: float = 0.0
    ratio: float = 0.0
    clipped: float = 0.0
    entropy: float = 0.0


def reads(settings: Grpo, lake: Lake) -> list[Address]:
    needed = ["sft"] if settings.plan.grpo.reward == "verifier" else ["sft", "reward_model"]
    return [MODELS.at(settings.version, stage) for stage in needed]


def writes(settings: Grpo) -> list[Address]:
    return [MODELS.at(settings.version, "grpo")]


def grpo(settings: Grpo, run: TrainingRun) -> None:
    config = settings.plan.grpo
    _check(settings)
    policy, tokenizer = read_model(
        run.lake, MODELS.at(settings.version, "sft"), run.device, config.parallel.activation_checkpointing
    )
    reference, _ = read_model(run.lake, MODELS.at(settings.version, "sft"), run.device)
    questions = training_questions(config.questions, settings.seed, settings.questions)
    explorations = config.steps * config.iterations
    engine = Engine(policy, config.optimizer, config.parallel, explorations * config.updates, run.ranks)
    checkpoints = Checkpoints(run, config.saving, as_json(config))
    resumed = checkpoints.resume(engine)
    if resumed and REFERENCE in resumed.extra:
        reference.load_state_dict(torch.load(io.BytesIO(resumed.extra[REFERENCE]), weights_only=True))
    explorer = Explorer(engine, reference.eval(), tokenizer, _scorer(settings, run, tokenizer), config)
    progress = Progress(run, explorations, resumed.metrics if resumed else b"", unit="outputs")
    for step in range(resumed.step if resumed else 0, explorations):
        if step and step % config.steps == 0:
            reference.load_state_dict(engine.module.state_dict())
        chosen = pick(questions, step, config.questions_per_step, settings.seed)
        metrics = explorer.step(chosen, _seed(settings.seed, step, run.ranks.rank), run)
        progress.step(step + 1, metrics, config.questions_per_step * config.group)
        if checkpoints.due(step + 1, explorations):
            extra = {REFERENCE: _bytes(reference)} if step >= config.steps else {}
            checkpoints.save(engine, step + 1, progress.lines(), extra)
    weights = engine.weights()
    if run.ranks.first:
        publish_model(run, weights, policy.config, tokenizer, as_json(config), progress.lines())
    progress.close()
    run.count_in(min(len(questions), explorations * config.questions_per_step))
    run.figure("steps", explorations)
    run.figure("skipped_steps", engine.skipped)


class Explorer:
    """Samples, scores and learns: one exploration at a time, on this rank's share of its outputs."""

    def __init__(
        self, engine: Engine, reference: Decoder, tokenizer: Tokenizer, scorer: Scorer, config: GrpoConfig
    ) -> None:
        self.engine, self.reference, self.tokenizer = engine, reference, tokenizer
        self.scorer, self.config = scorer, config

    def step(self, questions: Sequence[Question], seed: int, run: TrainingRun) -> dict[str, float]:
        """Explore and update; returns the step's metrics over all ranks."""
        tally = Tally()
        samples = self.explore(questions, seed, tally, run)
        outputs = len(questions) * self.config.group
        parts = list(chunks(samples, self.engine.parallel.micro_batch))
        for index in range(self.config.updates):
            seen = tally if index == self.config.updates - 1 else Tally()  # metrics are the last update's

            def objective(part: Sequence[Sample], seen: Tally = seen) -> Tensor:
                return self.objective(part, outputs, seen, run.device)

            update = self.engine.update(parts, objective)
        metrics = _averages(tally, run)
        metrics |= {"gradient_norm": update.gradient_norm, "rate": update.rate}
        return metrics | ({"skipped": 1.0} if update.skipped else {})

    def explore(self, questions: Sequence[Question], seed: int, tally: Tally, run: TrainingRun) -> list[Sample]:
        """Sample this rank's outputs, score them, and turn the rewards of whole groups into advantages."""
        config, ranks = self.config, run.ranks
        mine, each = share(questions, config.group, ranks.rank, ranks.world)
        prompts = self.tokenizer.encode_many([prompt(q.question, config.suffix) for q in mine])
        sampling = Sampling(config.max_new_tokens, config.temperature)
        policy = self.engine.module
        assert isinstance(policy, Decoder)
        with self.engine.arithmetic():
            outputs = sample(policy, prompts, sampling, self.tokenizer.eos, seed, each, rows=len(prompts) * each)
        prompts = [p for p in prompts for _ in range(each)]
        scored = self.scorer.score(prompts, [o.tokens for o in outputs], [q.answer for q in mine for _ in range(each)])
        lengths = [len(o.tokens) for o in outputs]
        # A group may be spread over ranks: advantages need the scores of all, in the order of questions.
        everywhere = [pair for of_rank in ranks.gather(list(zip(scored, lengths, strict=True))) for pair in of_rank]
        per_token = self._advantages(everywhere)[ranks.rank * len(outputs) : (ranks.rank + 1) * len(outputs)]
        own = torch.tensor([s.reward for s in scored], dtype=torch.float64)
        tally.outputs += len(outputs)
        tally.reward += float(own.nansum())
        tally.right += sum(s.right for s in scored)
        tally.length += sum(lengths)
        tally.finished += sum(o.finished for o in outputs)
        tally.unscored += float(own.isnan().sum())
        if ranks.first:
            groups = torch.tensor([s.reward for s, _ in everywhere], dtype=torch.float64).view(-1, config.group)
            tally.groups += len(groups)
            tally.flat_groups += float(advantages.zero_variance(groups).sum())
        return [Sample(p, o, a) for p, o, a in zip(prompts, outputs, per_token, strict=True)]

    def _advantages(self, scored: Sequence[tuple[Scored, int]]) -> list[list[float]]:
        """The advantage of every token of every output, from scores and lengths of whole groups."""
        group, std = self.config.group, self.config.std
        if self.config.supervision == "outcome":
            rewards = torch.tensor([s.reward for s, _ in scored], dtype=torch.float64).view(-1, group)
            values = advantages.outcome(rewards, std).flatten().tolist()
            return [[value] * length for value, (_, length) in zip(values, scored, strict=True)]
        longest = max(length for _, length in scored)
        steps = torch.full((len(scored), longest), float("nan"), dtype=torch.float64)
        for row, (found, _) in zip(steps, scored, strict=True):
            row[list(found.ends)] = torch.tensor(found.steps, dtype=torch.float64)
        rows = advantages.process(steps.view(-1, group, longest), std).view(len(scored), longest).tolist()
        return [row[:length] for row, (_, length) in zip(rows, scored, strict=True)]

    def objective(self, part: Sequence[Sample], outputs: int, tally: Tally, device: torch.device) -> Tensor:
        """This micro-batch's share of the loss; `outputs`: of the whole step."""
        rows = batch([s.prompt for s in part], [s.output.tokens for s in part], device)
        logprobs, entropy = output_logprobs(self.engine.model, rows, self.config.temperature)
        with torch.no_grad():
            reference, _ = output_logprobs(self.reference, rows, self.config.temperature)
        terms = policy_losses.grpo(
            logprobs,
            _padded([s.output.logprobs for s in part], logprobs),
            reference,
            _padded([s.advantages for s in part], logprobs),
            rows.mask,
            outputs,
            self.config.epsilon,
            self.config.beta,
        )
        tally.tokens += float(terms.tokens)
        tally.kl += float(terms.kl)
        tally.ratio += float(terms.ratio)
        tally.clipped += float(terms.clipped)
        tally.entropy += float(entropy.sum())
        return terms.loss


def pick(questions: Sequence[Question], step: int, count: int, seed: int) -> list[Question]:
    """The questions of a step: seeded permutations of all questions, one after the other, in runs of `count`."""
    places = range(step * count, (step + 1) * count)
    orders = {p // len(questions): None for p in places}
    permutations = {e: np.random.default_rng([seed, e]).permutation(len(questions)) for e in orders}
    return [questions[permutations[p // len(questions)][p % len(questions)]] for p in places]


def share(questions: Sequence[Question], group: int, rank: int, world: int) -> tuple[Sequence[Question], int]:
    """A rank's questions of a step, and how many outputs of each it samples: whole groups, or an even part of one.

    Ranks in order hold the step's outputs in order. Raises StageError where they cannot be shared out evenly.
    """
    each, rest = divmod(len(questions) * group, world)
    if rest or each == 0 or (each % group and group % each):
        raise StageError(
            f"{len(questions)} questions of {group} outputs a step cannot be shared evenly by {world} processes; "
            "choose questions_per_step or group so that each has whole groups or an even part of one"
        )
    first = rank * each // group
    return questions[first : first + max(1, each // group)], min(each, group)


def _averages(tally: Tally, run: TrainingRun) -> dict[str, float]:
    total = Tally(**{name: run.ranks.total(value) for name, value in vars(tally).items()})
    scored = max(total.outputs - total.unscored, 1.0)
    tokens = max(total.tokens, 1.0)
    return {
        "reward": total.reward / scored,
        "right": total.right / total.outputs,
        "kl": total.kl / tokens,
        "ratio": total.ratio / tokens,
        "clipped": total.clipped / tokens,
        "entropy": total.entropy / tokens,
        "length": total.length / total.outputs,
        "finished": total.finished / total.outputs,
        "zero_variance": total.flat_groups / total.groups,
        "unscored": total.unscored / total.outputs,
    }


def _check(settings: Grpo) -> None:
    config, plan = settings.plan.grpo, settings.plan
    if config.parallel.zero_stage == 3:
        raise StageError(f"recipe {plan.name!r}: GRPO samples from whole weights, which ZeRO 3 splits; use ZeRO 0 to 2")
    if config.supervision == "process" and (config.reward == "verifier" or plan.reward_model.supervision != "process"):
        raise StageError(
            f"recipe {plan.name!r}: process supervision needs a reward model of steps: set grpo.reward to "
            "'reward_model' or 'sum' and reward_model.supervision to 'process'"
        )


def _scorer(settings: Grpo, run: TrainingRun, tokenizer: Tokenizer) -> Scorer:
    config = settings.plan.grpo
    model = None
    if config.reward != "verifier":
        model = read_reward_model(run.lake, MODELS.at(settings.version, "reward_model"), run.device).eval()
    return Scorer(tokenizer, config.reward, config.supervision, model, config.parallel.micro_batch)


def _padded(values: Sequence[Sequence[float]], like: Tensor) -> Tensor:
    """Rows of numbers as a tensor of the same shape and place as `like`, 0 where a row has ended."""
    rows = torch.zeros(like.shape)
    for row, numbers in zip(rows, values, strict=True):
        row[: len(numbers)] = torch.tensor(numbers)
    return rows.to(like.device)


def _seed(seed: int, step: int, rank: int) -> int:
    return int(np.random.default_rng([seed, step, rank]).integers(2**62))


def _bytes(model: Decoder) -> bytes:
    stream = io.BytesIO()
    torch.save(model.state_dict(), stream)
    return stream.getvalue()


STAGE = Stage(Grpo, grpo, writes=writes, reads=reads, sources=lambda s: question_digests(s.questions))

if __name__ == "__main__":
    launch.main(STAGE, lambda settings: dry_run.report("grpo", settings.plan))
