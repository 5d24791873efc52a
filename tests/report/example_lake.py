"""A small finished lake of every kind of dataset, made through the lake's own interface."""

import hashlib
import json
import math
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.lake.catalog import Lake, Publication
from jobs.lake.datasets import (
    APPROVALS,
    CLASSIFIER,
    COMMON_PHRASES,
    CONTAMINATION,
    CORPUS,
    CRAWL,
    DEDUPED,
    DOMAINS,
    EVALUATIONS,
    FORMULA_LEDGER,
    JUDGEMENTS,
    MATH_PAGES,
    MODELS,
    PAGES,
    RECALLED,
    SEEDS,
    SHARDS,
    Address,
)
from jobs.lake.manifest import Provenance

Row = dict[str, Any]
VERSION, ROUNDS = "v1", 3
HOSTILE = "<script>alert(1)</script>"
HOSTILE_URL = f'https://evil.example/"onload="x/{HOSTILE}'
AT_CUT = b"".join(
    json.dumps({"kept": n < 8, "score": 0.9 - n / 100, "url": f"{HOSTILE_URL}/{n}"}).encode() + b"\n" for n in range(16)
)
WHEN = datetime(2026, 10, 1, tzinfo=UTC)
HOSTS = [
    f"{word}-{kind}.example" for kind in ("maths", "news", "forum") for word in ("alpha", "beta", "gamma", "delta")
]


class ExampleLake:
    """Publishes datasets with inputs that name each other, as the stages do."""

    def __init__(self, root: Path) -> None:
        self.lake = Lake(str(root))
        self.draw = random.Random(7)
        self.pages = [self._page(n) for n in range(600)]

    def publish(
        self, address: Address, rows: list[Row] | None = None, inputs: tuple[Address, ...] = (), **said: Any
    ) -> None:
        """Write rows, or what `write` in `said` puts there, and finish with the figures in `said`."""
        found = {str(a): self.lake.require(a, "test").fingerprint for a in inputs}
        begun = self.lake.begin(address, Provenance(address.dataset.made_by, {"version": VERSION}, found, {}), True)
        assert begun is not None
        write: Callable[[Publication], object] | None = said.pop("write", None)
        if rows is not None:
            begun.write_table("part-00000.parquet", pa.Table.from_pylist(rows, schema=address.dataset.schema))
        if write:
            write(begun)
        begun.finish(said.pop("rows_in", len(rows or [])), said.pop("dropped", {}), said)

    def crawl_and_pages(self) -> None:
        crawl, pages = CRAWL.at(VERSION, "sample"), PAGES.at(VERSION, "sample")
        warcs = [
            {"path": f"crawl-{n}.warc.gz", "bytes": 4_200_000, "digest": f"{n:064x}", "origin": "sample"}
            for n in range(4)
        ]
        self.publish(crawl, warcs)
        self.publish(pages, self.pages, (crawl,), rows_in=690, dropped={"no_text": 61, "not_html": 22, "damaged": 7},
                     noted={"wrong_charset": 3}, write=lambda p: p.write("quality/index.html", b"docs"),
                     quality={"warnings": ["formula_recovery: at least 0.95 (0.91)"]},
                     formula_ledger={"warnings": ["recovery: at least 0.95 (1 of 2 rows break it)"]})  # fmt: skip
        self.publish(FORMULA_LEDGER.at(VERSION, "sample"), [
            {"domain": domain, "pages": 7, "pages_over_limit": 0, "formulas_seen": 90, "formulas_kept": kept,
             "kinds_seen": [("katex", 90)], "kinds_kept": [("katex", kept)], "recovery": kept / 90}
            for domain, kept in (("lossy.example", 45), ("whole.example", 90))
        ], (crawl,))  # fmt: skip

    def rounds(self) -> None:
        maths = sorted((p for p in self.pages if "maths" in p["domain"]), key=lambda p: p["page_id"])
        before: tuple[Address, ...] = (PAGES.at(VERSION, "sample"),)
        for number in range(1, ROUNDS + 1):
            kept = maths[: 90 + 40 * number]
            new = kept if number == 1 else kept[-40:] if number == 2 else kept[-3:]
            seeds, classifier, recalled, domains, approvals = (
                d.at(VERSION, number) for d in (SEEDS, CLASSIFIER, RECALLED, DOMAINS, APPROVALS)
            )
            self.publish(seeds, [{"page_id": "", "url": p["url"], "text": "x", "label": label, "origin": "seed file"}
                                 for p in maths[:60] for label in ("math", "other")], before)  # fmt: skip
            self.publish(classifier, None, (seeds,), write=lambda p: p.write("metrics.json", b"{}"),
                         held_out={"examples": 24, "auc": 0.93 + 0.02 * number,
                                   "reliability": [{"mean_score": 0.9, "positives": 0.75, "count": 8}]},
                         deviations=["15 epochs instead of 3: 120 examples"])  # fmt: skip
            tokens = sum(len(p["text"]) // 4 for p in kept)
            share = len(new) / len(kept)
            histogram = [round(400 * math.exp(-i / 3)) + round(90 * math.exp((i - 39) / 4)) for i in range(40)]
            self.publish(recalled, [self._score(p, newly_recalled=p in new) for p in kept], (classifier,),
                         score_histogram=histogram, threshold=0.5 + 0.05 * number, pages=len(kept), tokens=tokens,
                         new_pages=len(new), new_tokens=int(tokens * share), new_share=share,
                         saturated=number == ROUNDS,
                         domains_gained=[{"domain": f"{HOSTILE}.org", "new_pages": 7, "new_tokens": 4321}],
                         write=lambda p: p.write("marginal.jsonl", AT_CUT))  # fmt: skip
            self.publish(domains, [self._domain(host) for host in HOSTS], (recalled,))
            self.publish(approvals, [self._decision(host, number) for host in HOSTS if "maths" in host], (domains,))
            before = (*before[:1], seeds, recalled, approvals)
        self.publish(JUDGEMENTS.at(VERSION, ROUNDS), None, (recalled,), precision=0.96, low=0.91, high=0.99, judged=80,
                     reviewer=HOSTILE, write=lambda p: p.write("precision.json", b"{}"))  # fmt: skip
        self.publish(MATH_PAGES.at(VERSION), [self._score(p, round=1) for p in maths], (RECALLED.at(VERSION, ROUNDS),))

    def corpus(self) -> None:
        maths = [p for p in self.pages if "maths" in p["domain"]]
        deduped, hits, corpus = DEDUPED.at(VERSION), CONTAMINATION.at(VERSION), CORPUS.at(VERSION)
        reasons = ["unique"] * 6 + ["same_url", "near_duplicate", "near_duplicate", "longest"]
        self.publish(deduped, [
            {"page_id": p["page_id"], "url": p["url"], "cluster": p["page_id"], "similarity": 1.0,
             "reason": reasons[n % 10], "survives": reasons[n % 10] in ("unique", "longest")}
            for n, p in enumerate(maths)
        ], (MATH_PAGES.at(VERSION),), losing_domains=[f"{HOSTILE}.org: 96.7% of 30 pages"])  # fmt: skip
        self.publish(hits, [
            {"page_id": p["page_id"], "url": p["url"], "benchmark": f"gsm8k{n % 2}.jsonl", "item": str(n),
             "matched": f"{HOSTILE} how many apples does she have left at the end of the day", "rule": "ngram_10",
             "words": 13, "share": 0.5, "start": 0, "end": 70, "passage": HOSTILE}
            for n, p in enumerate(maths[:9])
        ], (deduped,))  # fmt: skip
        self.publish(COMMON_PHRASES.at(VERSION), [
            {"phrase": "1 2 3 4 5 6 7 8 9 10", "reason": "counting", "texts": 3, "items": 3, "pages": 2, "domains": 2,
             "share": 0.1, "benchmark": "gsm8k0.jsonl", "item": "1", "url": maths[9]["url"]}
        ], (deduped,))  # fmt: skip
        self.publish(corpus, [self._corpus_row(p) for p in maths[9:]], (deduped,))
        for source, tokens in (("math", 152_312), ("natural_language", 27_500)):
            info = json.dumps({"tokens": tokens, "documents": tokens // 300, "source": source}).encode()
            self.publish(SHARDS.at(VERSION, source), None, (corpus,), write=lambda p, i=info: p.write("info.json", i))

    def models(self) -> None:
        made_from: tuple[Address, ...] = (SHARDS.at(VERSION, "math"),)
        for stage, steps in (("pretrain", 400), ("sft", 120), ("reward_model", 30), ("grpo", 25)):
            lines = b"".join(json.dumps(self._step(stage, n, steps)).encode() + b"\n" for n in range(1, steps + 1))
            address = MODELS.at(VERSION, stage)
            self.publish(address, None, made_from, parameters=764_000, shares={"math": 1.0},
                         write=lambda p, text=lines: p.write("metrics.jsonl", text))  # fmt: skip
            made_from = (address,)
        for stage, right in (("pretrain", 6), ("sft", 91), ("grpo", 118)):
            rows = [self._answer(n, n < right, mode) for mode in ("cot", "maj@4") for n in range(200)]
            self.publish(EVALUATIONS.at(VERSION, stage), rows, (MODELS.at(VERSION, stage),))

    def everything(self) -> None:
        self.crawl_and_pages()
        self.rounds()
        self.corpus()
        self.models()

    def _page(self, number: int) -> Row:
        host = HOSTS[min(int(self.draw.expovariate(0.25)), len(HOSTS) - 1)]
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        url = HOSTILE_URL if number == 0 else f"https://{host}/topic/{number}"
        return {
            "page_id": digest[:16], "url": url, "domain": HOSTS[0] if number == 0 else host, "fetched_at": WHEN,
            "language": self.draw.choices(["en", "zh", "de", HOSTILE], [70, 20, 9, 1])[0], "language_score": 0.9,
            "title": HOSTILE, "text": "Let $x$ be real. " * self.draw.randint(20, 90), "formulas_seen": 20,
            "formulas_kept": 19, "formula_kinds_seen": [("mathml", 5), ("tex_script", 15)],
            "formula_kinds": [("mathml", 4), ("tex_script", 15)],
            "charset": self.draw.choice(["utf-8", "utf-8", "gb18030"]), "warc_path": "crawl-0.warc.gz",
            "warc_offset": number, "warc_length": 10, "content_digest": digest[:40], "robots": "", "license": "",
            "truncated": False, "over_limit": False, "notes": "",
        }  # fmt: skip

    def _score(self, page: Row, **more: object) -> Row:
        return {
            **{k: page[k] for k in ("page_id", "url", "domain")},
            "score": 0.9,
            "tokens": len(page["text"]) // 4,
            **more,
        }

    def _domain(self, host: str) -> Row:
        pages = [p for p in self.pages if p["domain"] == host]
        maths = "maths" in host
        paths = ("topic", HOSTILE) if maths else ()
        figures = {"share_low": 0.7, "share_high": 0.97, "missed_tokens": 0, "expected_tokens": 0}
        prefixes = [
            {"prefix": f"{host}/{p}", "pages": 20, "recalled": 18, "share": 0.9, **figures, "samples": []}
            for p in paths
        ]
        return {"domain": host, "pages": len(pages), "recalled": len(pages) * maths, "share": float(maths),
                "tokens": 400 * len(pages), **figures, "mathematical": maths,
                "prefixes": prefixes}  # fmt: skip

    def _decision(self, host: str, number: int) -> Row:
        decision = "reject" if host.startswith("delta") else "approve"
        return {"prefix": f"{host}/topic", "domain": host, "decision": decision,
                "reviewer": "rule:share>0.1", "decided_at": WHEN, "note": f"round {number}"}  # fmt: skip

    def _corpus_row(self, page: Row) -> Row:
        own = {"tokens": len(page["text"]) // 4, "score": 0.9, "round": 1 + len(page["text"]) % 2, "formulas": 19,
               "cluster": page["page_id"], "crawl": "sample"}  # fmt: skip
        assert CORPUS.schema is not None
        return {name: own[name] if name in own else page[name] for name in CORPUS.schema.names}

    def _step(self, stage: str, step: int, steps: int) -> Row:
        noise, done = self.draw.gauss(0, 0.04), step / steps
        if stage == "grpo":
            return {"step": step, "reward": 0.45 + 0.15 * done + noise, "kl": 0.01 * done, "loss": noise / 10,
                    "length": 60 + 5 * noise, "rate": 2e-4}  # fmt: skip
        loss = (8 if stage == "pretrain" else 2) * math.exp(-4 * done) + 1.2 + noise
        return {
            "step": step,
            "loss": None if step == 3 else loss,
            "rate": 1e-3 * min(1, 10 * done),
            "gradient_norm": 1 + noise,
        }

    def _answer(self, number: int, correct: bool, mode: str) -> Row:
        return {"benchmark": "word_problems", "item": str(number), "mode": mode, "prompt": HOSTILE, "answer": HOSTILE,
                "extracted": "1", "gold": "1", "correct": correct, "rule": "number"}  # fmt: skip
