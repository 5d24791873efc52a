"""The schema of every table in the lake; each column says its meaning and unit. Writing and reading both check."""

import pyarrow as pa


def column(name: str, kind: pa.DataType, meaning: str, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable, metadata={"meaning": meaning})


TEXT, INTEGER, NUMBER, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
TIME = pa.timestamp("us", tz="UTC")

PAGE_ID = column("page_id", TEXT, "16 hex digits of sha256(url, time, payload digest): one fetch of one page")
URL = column("url", TEXT, "URL as crawled")
DOMAIN = column("domain", TEXT, "registrable domain, private suffixes counted (name.github.io is its own)")

CRAWL = pa.schema([
    column("path", TEXT, "the WARC file: a URI, or a name below this address"),
    column("bytes", INTEGER, "size of the file in bytes"),
    column("digest", TEXT, "sha256 of the file in hex"),
    column("origin", TEXT, "where it came from: a folder's path or the address it was fetched from"),
])  # fmt: skip

PAGES = pa.schema([
    PAGE_ID, URL, DOMAIN,
    column("fetched_at", TIME, "WARC-Date", nullable=True),
    column("language", TEXT, "ISO 639-1 code by lid.176, 'und' where there is no text"),
    column("language_score", NUMBER, "probability of that language, 0 to 1"),
    column("title", TEXT, "the page's title"),
    column("text", TEXT, "main content as Markdown, formulas as $...$ and $$...$$"),
    column("formulas_seen", INTEGER, "formulas in the DOM after twins were joined"),
    column("formulas_kept", INTEGER, "formulas printed in the text"),
    column("formula_kinds_seen", pa.map_(TEXT, INTEGER), "formulas in the DOM by source of markup"),
    column("formula_kinds", pa.map_(TEXT, INTEGER), "printed formulas by source of markup"),
    column("charset", TEXT, "charset the payload was decoded with"),
    column("warc_path", TEXT, "WARC file, as in the crawl table"),
    column("warc_offset", INTEGER, "byte at which the record begins in the file"),
    column("warc_length", INTEGER, "bytes of the record in the file"),
    column("content_digest", TEXT, "sha1 of the payload in hex"),
    column("robots", TEXT, "restrictive robots directives of header and meta, comma separated; one for a single "
           "crawler bears its name (gptbot:noindex)"),
    column("license", TEXT, "Creative Commons licences the page says it is under (cc-by-sa-4.0), comma separated, or "
           "the address it links as its licence; '' where none"),
    column("truncated", FLAG, "the payload ends before its declared length"),
    column("over_limit", FLAG, "a bound on bytes, nodes, depth or time cut or flattened the page"),
    column("notes", TEXT, "what was odd about the record and was mended or borne, by kind, comma separated"),
])  # fmt: skip

FORMULA_LEDGER = pa.schema([
    DOMAIN,
    column("pages", INTEGER, "pages of the crawl in the domain"),
    column("pages_over_limit", INTEGER, "of those, cut or flattened by a bound"),
    column("formulas_seen", INTEGER, "formulas in the DOM of its pages after twins were joined"),
    column("formulas_kept", INTEGER, "formulas printed in their texts"),
    column("kinds_seen", pa.map_(TEXT, INTEGER), "formulas in the DOM by source of markup"),
    column("kinds_kept", pa.map_(TEXT, INTEGER), "printed formulas by source of markup"),
    column("recovery", NUMBER, "formulas_kept / formulas_seen; null where none was seen", nullable=True),
])  # fmt: skip

SEEDS = pa.schema([
    column("page_id", TEXT, "the crawl's page, '' where the seed is not in the crawl"),
    URL,
    column("text", TEXT, "the text the classifier learns from"),
    column("label", TEXT, "math or other"),
    column("origin", TEXT, "seed file, crawl (random negative), or approved:PREFIX"),
])  # fmt: skip

SCORE = column("score", NUMBER, "classifier's probability that the page is mathematical, 0 to 1")
TOKENS = column("tokens", INTEGER, "tokens of the page's text by the counting rule of jobs.text.normalise")

RECALLED = pa.schema([
    PAGE_ID, URL, DOMAIN, SCORE, TOKENS,
    column("newly_recalled", FLAG, "not kept in the round before"),
])  # fmt: skip

SHARE_LOW = column("share_low", NUMBER, "lower end of the share's 95% Wilson interval: how sure so many pages make it")
SHARE_HIGH = column("share_high", NUMBER, "upper end of it")
EXPECTED_TOKENS = column(
    "expected_tokens", INTEGER, "missed_tokens x share: what approval should bring; orders reviews"
)

PREFIX = pa.struct(
    [
        column("prefix", TEXT, "host and path, no scheme"),
        column("pages", INTEGER, "pages of the crawl below the prefix"),
        column("recalled", INTEGER, "of those, recalled this round"),
        column("share", NUMBER, "recalled / pages"),
        SHARE_LOW,
        SHARE_HIGH,
        column("missed_tokens", INTEGER, "tokens of those that were not recalled: the most that approval could gain"),
        EXPECTED_TOKENS,
        column("samples", pa.list_(TEXT), "up to five URLs, not recalled ones first: they would join the seed"),
    ]
)

DOMAINS = pa.schema([
    DOMAIN,
    column("pages", INTEGER, "pages of the crawl in the domain"),
    column("recalled", INTEGER, "of those, recalled this round"),
    column("share", NUMBER, "recalled / pages; above 0.1 the domain is mathematical (paper 2.1)"),
    SHARE_LOW, SHARE_HIGH,
    column("tokens", INTEGER, "tokens of its recalled pages"),
    column("missed_tokens", INTEGER, "tokens of its pages that were not recalled: the most that approval could gain"),
    EXPECTED_TOKENS,
    column("mathematical", FLAG, "share above the threshold, whatever its interval: its prefixes go to a person"),
    column("prefixes", pa.list_(PREFIX), "URL-prefix tree where shares differ, by expected_tokens; empty unless "
           "mathematical"),
])  # fmt: skip

APPROVALS = pa.schema([
    column("prefix", TEXT, "host and path, no scheme"),
    DOMAIN,
    column("decision", TEXT, "approve, reject, or undo: no earlier round's decision on the prefix stands any more"),
    column("reviewer", TEXT, "a person's name (NAME and NAME where two agreed), rule:... for unattended runs, NAME by "
           "rule:... where a person agreed"),
    column("decided_at", TIME, "when it was decided"),
    column("note", TEXT, "why"),
])  # fmt: skip

MATH_PAGES = pa.schema([
    PAGE_ID, URL, DOMAIN, SCORE, TOKENS,
    column("round", INTEGER, "the first round that recalled it"),
])  # fmt: skip

DEDUPED = pa.schema([
    PAGE_ID, URL,
    column("cluster", TEXT, "page_id of the cluster's survivor"),
    column("survives", FLAG, "this page stays in the corpus"),
    column("similarity", NUMBER, "Jaccard similarity of shingles to the survivor, 1 for the survivor itself"),
    column("reason", TEXT, "why it stays (unique, newest, most_formulas, longest, smallest_id) or goes (same_url, "
           "near_duplicate; unchanged: an earlier version holds this record)"),
])  # fmt: skip

SIGNATURES = pa.schema([
    PAGE_ID, URL, DOMAIN,
    column("address", TEXT, "canonical URL (jobs.web.urls)"),
    column("fetched_at", TIME, "WARC-Date", nullable=True),
    column("content_digest", TEXT, "sha1 of the payload in hex"),
    column("formulas", INTEGER, "formulas in the text"),
    column("chars", INTEGER, "characters of the text"),
    column("copies", INTEGER, "equal for pages of the same shingles, wording and numbers, 63 bits"),
    column("wording", INTEGER, "digest of the text with numbers masked and dates left out, 63 bits"),
    column("numbers", INTEGER, "digest of the sequence of numbers, 63 bits"),
    column("size", INTEGER, "distinct shingles (word 5-grams)"),
    column("shingles", pa.binary(), "their 40-bit hashes, packed (jobs.text.shingle_sets)"),
    column("bands", pa.list_(INTEGER), "MinHash bands: pages that share one are compared"),
])  # fmt: skip

DOMAIN_LOSSES = pa.schema([
    DOMAIN,
    column("pages", INTEGER, "recalled pages of the domain"),
    column("kept", INTEGER, "of those, in the corpus so far"),
    column("same_url", INTEGER, "older fetches of an address that stays"),
    column("near_duplicate", INTEGER, "pages that are like a better one"),
    column("unchanged", INTEGER, "records that an earlier version holds"),
    column("lost", NUMBER, "(same_url + near_duplicate) / (pages - unchanged); null where all are unchanged",
           nullable=True),
    column("tokens", INTEGER, "tokens of its pages"),
    column("tokens_lost", INTEGER, "tokens of those that went, unchanged ones not counted"),
    column("to_domain", TEXT, "the domain whose pages stay for most of its near-duplicates, '' where none went"),
    column("to_domain_pages", INTEGER, "for how many"),
])  # fmt: skip

CONTAMINATION = pa.schema([
    PAGE_ID, URL,
    column("benchmark", TEXT, "benchmark file, relative to the benchmark folder, without its ending"),
    column("item", TEXT, "the item's row in the file, from 0"),
    column("matched", TEXT, "the longest run of words that the page shares with the item, as they were compared"),
    column("rule", TEXT, "ngram_10, or whole_3_to_9 for short items (paper 2.1)"),
    column("words", INTEGER, "how many words match"),
    column("share", NUMBER, "of the words of the item's text, how many match; 0 to 1"),
    column("start", INTEGER, "first character of the run in the page's text"),
    column("end", INTEGER, "last character of the run + 1"),
    column("passage", TEXT, "the page's text from start to end"),
])  # fmt: skip

COMMON_PHRASES = pa.schema([
    column("phrase", TEXT, "words that pages and benchmarks share and that condemn no page"),
    column("reason", TEXT, "counting, list, many_texts or many_domains: jobs.common_phrases says when"),
    column("texts", INTEGER, "benchmark texts that hold the phrase between other words; copies count once"),
    column("items", INTEGER, "benchmark items that hold it"),
    column("pages", INTEGER, "pages that hold it"),
    column("domains", INTEGER, "domains of those pages"),
    column("share", NUMBER, "the largest share of a benchmark text that it makes up; 0 to 1"),
    column("benchmark", TEXT, "an example of a benchmark"),
    column("item", TEXT, "and its item"),
    column("url", TEXT, "an example of a page"),
])  # fmt: skip

CORPUS = pa.schema([
    PAGE_ID, URL, DOMAIN,
    column("text", TEXT, "main content as Markdown"),
    TOKENS, SCORE,
    column("round", INTEGER, "the first round that recalled it"),
    column("language", TEXT, "ISO 639-1 code"),
    column("fetched_at", TIME, "WARC-Date", nullable=True),
    column("formulas", INTEGER, "formulas in the text"),
    column("cluster", TEXT, "its duplicate cluster"),
    column("crawl", TEXT, "crawl id"),
    column("warc_path", TEXT, "WARC file"),
    column("warc_offset", INTEGER, "byte offset of the record"),
    column("warc_length", INTEGER, "bytes of the record"),
    column("content_digest", TEXT, "sha1 of the payload in hex"),
    column("license", TEXT, "licence found on the page"),
])  # fmt: skip

REMOVALS = pa.schema([
    column("state", INTEGER, "the state of the list that this row came with, from 1"),
    column("action", TEXT, "remove or restore"),
    column("kind", TEXT, "domain (registrable, with all below it) or url"),
    column("value", TEXT, "the domain, or the canonical URL (jobs.web.urls)"),
    column("reason", TEXT, "why"),
    column("reviewer", TEXT, "who decided"),
    column("decided_at", TIME, "when it was decided"),
])  # fmt: skip

CHANGES = pa.schema([
    PAGE_ID, URL, DOMAIN,
    column("crawl", TEXT, "crawl id"),
    column("change", TEXT, "added or removed; changed or fetched_again for an address that both corpora hold"),
    column("reason", TEXT, "why a page was removed (jobs.page_changes), '' for the others"),
    column("tokens_before", INTEGER, "tokens in the corpus before, 0 where it was not in it"),
    column("tokens", INTEGER, "tokens in this corpus, 0 where it is not in it"),
    column("page_id_before", TEXT, "the page that stood for the address before, '' where there was none"),
])  # fmt: skip

EVALUATIONS = pa.schema([
    column("benchmark", TEXT, "benchmark name"),
    column("item", TEXT, "the item's id"),
    column("mode", TEXT, "how it was asked: cot (greedy), maj or pass with k"),
    column("prompt", TEXT, "what the model was given"),
    column("answer", TEXT, "what it wrote"),
    column("extracted", TEXT, "the final answer read from it, '' where none was found"),
    column("gold", TEXT, "the right answer"),
    column("correct", FLAG, "verdict"),
    column("rule", TEXT, "the grading rule that decided"),
])  # fmt: skip


class SchemaMismatch(ValueError):
    """A table's columns differ from what the dataset promises; the message names them."""


def check(schema: pa.Schema, found: pa.Schema, where: str) -> None:
    """Refuse a table whose column names, order or types differ. Nullability and metadata are the schema's business."""
    want = [(f.name, _loose(f.type)) for f in schema]
    have = [(f.name, _loose(f.type)) for f in found]
    if want == have:
        return
    missing = [f"{n}: {t}" for n, t in want if (n, t) not in have]
    extra = [f"{n}: {t}" for n, t in have if (n, t) not in want]
    reason = f"missing {missing}, unexpected {extra}" if missing or extra else "the columns' order differs"
    raise SchemaMismatch(f"{where}: {reason}; the schema stands in jobs/lake/tables.py")


def _loose(kind: pa.DataType) -> str:
    """A type as text without nullability, so that `list<item: string>` and `list<element: string not null>` agree."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{_loose(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{f.name}: {_loose(f.type)}' for f in kind)}>"
    if pa.types.is_map(kind):
        return f"map<{_loose(kind.key_type)}, {_loose(kind.item_type)}>"
    return "string" if pa.types.is_large_string(kind) else str(kind)
