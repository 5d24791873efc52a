"""The report as a page, as JSON and as lines for the log, from one set of figures."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, islice

from jobs.lake.datasets import CORPUS, EVALUATIONS, PAGES, Address
from jobs.lake.lineage import Link, chain
from jobs.lake.settings import JsonValue
from jobs.report import charts, corpus_figures, crawl_figures, model_figures, round_figures
from jobs.report.charts import Histogram, Interval, IntervalChart, LineChart, Series
from jobs.report.corpus_figures import Contamination, Corpus, Dedup, Phrase, Source
from jobs.report.crawl_figures import Crawl, DomainFormulas, Pages
from jobs.report.inputs import EVALUATED_STAGES, Inputs, Step, flow
from jobs.report.model_figures import Accuracy, Training
from jobs.report.rendering import number, percent, render, words
from jobs.report.round_figures import Domains, Round

LINEAGE_LINES = 400
SHOWN_CURVES = 6


@dataclass(frozen=True)
class Report:
    """All figures of one version; empty or None where the stage has not run."""

    version: str
    steps: tuple[Step, ...]
    crawls: tuple[Crawl, ...]
    pages: Pages
    lost_formulas: tuple[DomainFormulas, ...]
    rounds: tuple[Round, ...]
    domains: Domains | None
    dedup: Dedup | None
    contamination: tuple[Contamination, ...]
    common_phrases: tuple[Phrase, ...]
    decontaminated: bool
    corpus: Corpus | None
    sources: tuple[Source, ...]
    training: tuple[Training, ...]
    accuracies: tuple[Accuracy, ...]
    lineage_of: str
    lineage: tuple[Link, ...]
    lineage_left_out: int
    fingerprints: dict[str, str]
    """Address -> fingerprint of every input."""

    @property
    def not_run(self) -> list[Step]:
        return [step for step in self.steps if not step.done]


def gather(inputs: Inputs) -> Report:
    """Read everything that the report shows."""
    final = final_address(inputs)
    links = chain(inputs.lake, final)
    lineage = tuple(islice(links, LINEAGE_LINES))
    return Report(
        version=inputs.version,
        steps=tuple(flow(inputs)),
        crawls=crawl_figures.crawls(inputs),
        pages=crawl_figures.pages(inputs),
        lost_formulas=crawl_figures.lost_formulas(inputs),
        rounds=round_figures.rounds(inputs),
        domains=round_figures.domains(inputs),
        dedup=corpus_figures.dedup(inputs),
        contamination=corpus_figures.contamination(inputs),
        common_phrases=corpus_figures.common_phrases(inputs),
        decontaminated=inputs.find(CORPUS.at(inputs.version)) is not None,
        corpus=corpus_figures.corpus(inputs),
        sources=corpus_figures.sources(inputs),
        training=model_figures.training(inputs),
        accuracies=model_figures.accuracies(inputs),
        lineage_of=str(final),
        lineage=lineage,
        lineage_left_out=sum(1 for _ in links),
        fingerprints={address: manifest.fingerprint for address, manifest in sorted(inputs.manifests.items())},
    )


def final_address(inputs: Inputs) -> Address:
    """The furthest result there is: the last evaluation, else the corpus, else the first crawl's pages."""
    evaluations = [EVALUATIONS.at(inputs.version, stage) for stage in reversed(EVALUATED_STAGES)]
    for address in (*evaluations, CORPUS.at(inputs.version)):
        if inputs.find(address):
            return address
    return inputs.parts(PAGES)[0][0]


def page(report: Report) -> bytes:
    """The HTML page."""
    return render(
        "corpus_report.html.jinja",
        report=report,
        round_charts=round_charts(report.rounds),
        histograms=score_histograms(report.rounds),
        metric_names=metric_names(report.rounds),
        training_charts=[(t, training_charts(t)) for t in report.training],
        accuracy_charts=accuracy_charts(report.accuracies),
        cards=cards(report),
    )


def summary(report: Report) -> JsonValue:
    """The same figures as JSON values; curves only by their ends."""
    values = asdict(report)
    for stage in values["training"]:
        del stage["curves"]
    del values["lineage"], values["lineage_left_out"]
    values["not_run"] = [step.name for step in report.not_run]
    return values


@dataclass(frozen=True)
class Card:
    """One of the few numbers at the head of the page."""

    value: str
    label: str
    double: bool = False
    """Twice as wide as others."""


def cards(report: Report) -> list[Card]:
    found = [Card(number(report.pages.pages), f"pages of {_many(len(report.crawls), 'crawl')}")]
    recalled = [r for r in report.rounds if r.pages is not None]
    if recalled:
        found.append(Card(number(recalled[-1].pages), f"pages recalled in round {recalled[-1].round}"))
    if report.domains:
        found.append(Card(number(report.domains.mathematical), "mathematical domains"))
    if report.corpus:
        found.append(Card(number(report.corpus.pages), "pages in the corpus"))
        found.append(Card(number(report.corpus.tokens), "tokens in the corpus"))
    for (benchmark, mode), group in _by_task(report.accuracies)[:1]:
        first, last = group[0], group[-1]
        change = f"{percent(first.accuracy)} → {percent(last.accuracy)}"
        value = change if first is not last else percent(last.accuracy)
        stages = f"{first.stage} → {last.stage}" if first is not last else last.stage
        found.append(Card(value, f"{benchmark}, {mode}: {stages}", double=True))
    return found


def round_charts(rounds: Sequence[Round]) -> list[LineChart]:
    """Tokens kept and the share that is new, by round, where there are at least two."""
    kept = Series("tokens kept", tuple((r.round, r.tokens) for r in rounds if r.tokens is not None))
    share = Series("share of new tokens", tuple((r.round, r.new_share) for r in rounds if r.new_share is not None))
    drawn = [charts.line_chart(s.name.capitalize(), [s], "by round") for s in (kept, share) if len(s.points) > 1]
    return [chart for chart in drawn if chart]


def score_histograms(rounds: Sequence[Round]) -> list[Histogram]:
    drawn = [
        charts.histogram(f"Scores in round {r.round}", r.score_histogram, r.threshold, "pages by score, logarithmic")
        for r in rounds
    ]
    return [chart for chart in drawn if chart]


def metric_names(rounds: Sequence[Round]) -> list[str]:
    """The classifier's metrics that any round has, in their order."""
    return list(dict.fromkeys(name for r in rounds for name in r.metrics))


def training_charts(training: Training) -> list[LineChart]:
    """The first few curves of a stage: losses and rewards come before rates in metrics.jsonl."""
    varying = [c for c in training.curves if len({y for _, y in c.points}) > 1]
    telling = [c for c in varying if c.name != "rate"] + [c for c in varying if c.name == "rate"]
    drawn = [charts.line_chart(words(c.name), [c], "by step") for c in telling[:SHOWN_CURVES]]
    return [chart for chart in drawn if chart]


def accuracy_charts(accuracies: Sequence[Accuracy]) -> list[IntervalChart]:
    """One chart for each benchmark and mode: the models below each other."""
    drawn = []
    for (benchmark, mode), group in _by_task(accuracies):
        intervals = [Interval(f"after {a.stage}", a.accuracy, a.low, a.high) for a in group]
        drawn.append(
            charts.interval_chart(f"{benchmark}, {mode}", intervals, f"{group[0].questions:,} questions, 95% interval")
        )
    return [chart for chart in drawn if chart]


def lines(report: Report) -> Iterator[str]:
    """The report in a few lines for the log."""
    yield f"{report.pages.pages:,} pages of {_many(len(report.crawls), 'crawl')}"
    if report.rounds:
        yield "round     pages        tokens     new share   threshold   domains"
    for r in report.rounds:
        yield (
            f"{r.round:>5} {number(r.pages):>9} {number(r.tokens):>13} {percent(r.new_share):>13} "
            f"{number(r.threshold):>11} {number(r.domains):>9}" + ("  saturated" if r.saturated else "")
        )
    if report.corpus:
        c = report.corpus
        yield f"corpus: {c.pages:,} pages, {c.tokens:,} tokens, {c.domain_count:,} domains"
    if report.accuracies:
        width = max(len(f"{a.benchmark} {a.mode}") for a in report.accuracies)
        yield f"{'accuracy':<{width}}  model         correct   95% interval"
    for a in report.accuracies:
        share = f"{percent(a.low)} to {percent(a.high)}"
        yield f"{a.benchmark + ' ' + a.mode:<{width}}  {a.stage:<12} {percent(a.accuracy):>8}   {share}"
    if report.not_run:
        yield f"not run: {', '.join(step.name for step in report.not_run)}"


def _by_task(accuracies: Sequence[Accuracy]) -> list[tuple[tuple[str, str], list[Accuracy]]]:
    return [(key, list(group)) for key, group in groupby(accuracies, key=lambda a: (a.benchmark, a.mode))]


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
