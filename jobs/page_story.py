"""What became of one page, stage by stage: why it is in the corpus or not.

Read from what is finished, so a half-made lake gets half an answer that says what is missing.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.decisions import Decision, decided_above, standing
from jobs.lake.catalog import Lake
from jobs.lake.datasets import (
    APPROVALS,
    CLASSIFIER,
    CONTAMINATION,
    CORPUS,
    DEDUPED,
    MATH_PAGES,
    RECALLED,
    SEEDS,
    SHARDS,
    SIGNATURES,
    Address,
)  # fmt: skip
from jobs.lake.removals import active, decisions
from jobs.lake.token_shards import INFO
from jobs.row_search import Row, rows
from jobs.text.linear_model import LINEAR, load
from jobs.text.normalise import tokens
from jobs.versions import base_of, bases_of
from jobs.web.urls import canonical_url, registrable_domain, url_prefixes

CLUSTER_SHOWN = 5
DECIDED = [f.name for f in fields(Decision)]
RECORD = ("url", "domain", "fetched_at", "language", "formulas_kept", "warc_path", "warc_offset", "warc_length",
          "content_digest", "license", "notes")  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What one stage says of the page."""

    topic: str
    said: str
    details: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """All that the lake knows of one fetch of one page."""

    page_id: str
    url: str
    verdict: str
    findings: tuple[Finding, ...]


class Teller:
    """Tells the story of a page in one version."""

    def __init__(self, lake: Lake, version: str) -> None:
        self.lake, self.version, self.base = lake, version, base_of(lake, version)
        self.rounds_of = [version, *bases_of(lake, version)][-1]
        """The version whose rounds recalled its pages."""
        self.removals = active(decisions(lake))

    def tell(self, pages: Address, page_id: str) -> Story:
        (record,) = rows(self.lake, pages, RECORD, "page_id", [page_id])
        url = record["url"]
        crawl = Finding("crawl", f"{pages}: {record['warc_path']}, {record['warc_length']:,} bytes at "
                        f"{record['warc_offset']:,}, fetched {record['fetched_at']}", record)  # fmt: skip
        findings = [crawl, *self.removal(url), *self.seeds(page_id), *self.scores(pages, page_id), *self.decided(url)]
        verdict = ""
        for part in (self.recalled, self.deduped, self.contaminated, self.placed):
            finding, out = part(page_id, record)
            findings.append(finding)
            verdict = verdict or out
            if out:
                break
        left = [f for f in findings if f.topic == "removal"]
        if left and "score" in findings[-1].details:  # a row of the corpus
            verdict = f"in corpus/{self.version}, which was made before it was removed; no later version has it"
        elif left and not any(f.topic == "dedup" for f in findings):  # not recalled as it has left
            verdict = f"out: {left[0].said}"
        return Story(page_id, url, verdict or f"in corpus/{self.version}", tuple(findings))

    def removal(self, url: str) -> list[Finding]:
        targets = {("domain", registrable_domain(url)), ("url", canonical_url(url))}
        return [
            Finding("removal", f"{d.kind} {d.value} was removed by {d.reviewer} on {d.decided_at:%Y-%m-%d}: {d.reason}",
                    vars(d))
            for target, d in self.removals.items() if target in targets
        ]  # fmt: skip

    def seeds(self, page_id: str) -> list[Finding]:
        found = []
        for address in self.lake.finished(SEEDS, self.rounds_of):
            for row in rows(self.lake, address, ["label", "origin"], "page_id", [page_id]):
                found.append(Finding("seeds", f"{address}: an example of {row['label']}, from {row['origin']}", row))
        return found

    def scores(self, pages: Address, page_id: str) -> list[Finding]:
        """Its score in each round and the round's threshold; scores below it are not stored and computed again."""
        found = []
        for address in self.lake.finished(RECALLED, self.rounds_of):
            manifest = self.lake.require(address, "explain")
            threshold = manifest.figures.get("threshold")
            kept = rows(self.lake, address, ["score", "newly_recalled"], "page_id", [page_id])
            score = kept[0]["score"] if kept else self.score_again(address.part, pages, page_id)
            shown = "no score: its classifier is not there" if score is None else f"score {score:.4f}"
            verdict = "kept" if kept else "not kept" if pages.version == self.rounds_of else "crawled after the round"
            details = {"score": score, "threshold": threshold, "kept": bool(kept), "stored": bool(kept)}
            found.append(Finding("recall", f"{address}: {shown}, threshold {threshold}, {verdict}", details))
        return found or [Finding("recall", f"recalled/{self.rounds_of}: no round is finished yet")]

    def score_again(self, number: str, pages: Address, page_id: str) -> float | None:
        model = CLASSIFIER.at(self.rounds_of, number)
        manifest = self.lake.find(model)
        digests = [f.sha256 for f in manifest.files if f.name == LINEAR] if manifest else []
        if not digests:
            return None
        (row,) = rows(self.lake, pages, ["text"], "page_id", [page_id])
        scorer = load(self.lake.storage.uri, f"{model.folder}/{LINEAR}", digests[0])
        return float(scorer.score([" ".join(tokens(row["text"]))])[0])

    def decided(self, url: str) -> list[Finding]:
        """Every decision on its prefixes, round by round, and the one that speaks for it now."""
        found, made = [], []
        for address in self.lake.finished(APPROVALS, self.rounds_of):
            of_round = [Decision(**r) for r in rows(self.lake, address, DECIDED, "prefix", url_prefixes(url))]
            made.append(of_round)
            for d in of_round:
                said = f"{address}: {d.decision} {d.prefix}, by {d.reviewer} {d.note}"
                found.append(Finding("decision", said.rstrip(), asdict(d)))
        if found:
            speaks = decided_above(url_prefixes(url)[-1], standing(made))
            said = f"{speaks.decision} {speaks.prefix}" if speaks else "none, all were taken back"
            found.append(Finding("decision", f"the decision that stands and speaks for it: {said}"))
        return found

    def recalled(self, page_id: str, record: Row) -> tuple[Finding, str]:
        address = MATH_PAGES.at(self.version)
        if self.lake.find(address) is None:
            return self.missing(address)
        kept = rows(self.lake, address, ["score", "tokens", "round"], "page_id", [page_id])
        if kept:
            said = f"{address}: {kept[0]['tokens']:,} tokens, first recalled in round {kept[0]['round']}"
            return Finding("math_pages", said, kept[0]), ""
        known = (
            rows(self.lake, SIGNATURES.at(self.base), ["page_id", "content_digest"], "url", [record["url"]])
            if self.base
            else []
        )
        same = [r for r in known if r["content_digest"] == record["content_digest"]]
        if same:
            said = f"unchanged since {self.base}, where it is page {same[0]['page_id']}"
            return Finding("math_pages", f"{address}: {said}", same[0]), f"out: {said}, which stands for it"
        return Finding("math_pages", f"{address}: not there"), "out: no mathematical page, see its scores"

    def deduped(self, page_id: str, record: Row) -> tuple[Finding, str]:
        address = DEDUPED.at(self.version)
        if self.lake.find(address) is None:
            return self.missing(address)
        columns = ["page_id", "url", "cluster", "survives", "similarity", "reason"]
        own = rows(self.lake, address, columns, "page_id", [page_id])
        if not own:
            return Finding("dedup", f"{address}: not there"), f"out: {address} does not have it"
        row = own[0]
        cluster = rows(self.lake, address, columns, "cluster", [row["cluster"]])
        others = [r for r in cluster if r["page_id"] != page_id]
        survivor = next((r["url"] for r in cluster if r["page_id"] == row["cluster"]), f"page {row['cluster']}")
        details = {**row, "survivor": survivor, "cluster_pages": len(cluster), "others": others[:CLUSTER_SHOWN]}
        if row["survives"]:
            return Finding(
                "dedup", f"{address}: stays ({row['reason']}), {len(others)} others gave way to it", details
            ), ""
        said = f"{row['reason']}, similarity {row['similarity']:.2f}, of {survivor}"
        return Finding("dedup", f"{address}: goes as {said}", details), f"out: {said}"

    def contaminated(self, page_id: str, record: Row) -> tuple[Finding, str]:
        address = CONTAMINATION.at(self.version)
        if self.lake.find(address) is None:
            return self.missing(address)
        columns = ["benchmark", "item", "matched", "rule", "words", "start", "end", "passage"]
        hits = rows(self.lake, address, columns, "page_id", [page_id])
        if not hits:
            return Finding("contamination", f"{address}: shares nothing with a benchmark that condemns it"), ""
        most = max(hits, key=lambda h: h["words"])
        said = f"{most['words']} words of {most['benchmark']}, item {most['item']}: {most['passage']!r}"
        cut = rows(self.lake, CORPUS.at(self.version), ["page_id"], "page_id", [page_id])
        verdict = "" if cut else f"out: it holds {said}"
        return Finding("contamination", f"{address}: {len(hits)} hits; {said}", {"hits": hits}), verdict

    def placed(self, page_id: str, record: Row) -> tuple[Finding, str]:
        """Its row in the corpus, and where its tokens lie."""
        address = CORPUS.at(self.version)
        if self.lake.find(address) is None:
            return self.missing(address)
        columns = ["tokens", "score", "round", "cluster", "crawl", "warc_path", "warc_offset", "warc_length"]
        kept = rows(self.lake, address, columns, "page_id", [page_id])
        if not kept:
            return Finding("corpus", f"{address}: not there"), f"out: {address} does not have it"
        places = [place for a in self.lake.finished(SHARDS, self.version) for place in self.tokens_in(a, page_id)]
        where = "".join(f"; {p['shards']}/{p['file']}, {p['length']:,} tokens from {p['first']:,}" for p in places)
        said = f"{address}: {kept[0]['tokens']:,} tokens, from crawl {kept[0]['crawl']}{where}"
        return Finding("corpus", said, {**kept[0], "shards": places}), ""

    def tokens_in(self, address: Address, page_id: str) -> list[dict[str, Any]]:
        """The shard that holds the document, its first token there and how many it has."""
        storage = self.lake.storage
        for shard in json.loads(storage.read(f"{address.folder}/{INFO}"))["shards"]:
            with storage.open_input(f"{address.folder}/{shard['documents_file']}") as stream:
                index = pq.read_table(stream, columns=["name", "length"])
            row = pc.index(index["name"], page_id).as_py()
            if row >= 0:
                first = pc.sum(index["length"][:row]).as_py() or 0
                place = {"shards": str(address), "file": shard["tokens_file"], "first": first}
                return [{**place, "length": index["length"][row].as_py()}]
        return []

    def missing(self, address: Address) -> tuple[Finding, str]:
        said = f"{address} is not finished; run '{address.remedy}'"
        return Finding(address.dataset.name, said), f"not decided yet: {said}"
