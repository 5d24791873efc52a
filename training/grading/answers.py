"""The final answer of a whole response: boxes, statements in words, or what a program printed.

Retracted and negated statements do not count, a box wins over words, and values offered side by side stay side by side:
whether several are right is for the comparison to say.
"""

import re
from dataclasses import dataclass

import training.grading.program_output as program_output
from training.grading.statements import SENTENCE_END, states_something, unwrapped
from training.grading.tokens import closing

LONGEST_RESPONSE = 60_000
"""Characters read from the end of a response."""
MOST_BOXES = 40


@dataclass(frozen=True)
class Found:
    """The values stated as final, each as text; none where nothing is. Several are side by side."""

    values: tuple[str, ...]
    kind: str
    """box, words, output or nothing."""

    @property
    def text(self) -> str:
        return ", ".join(self.values)


NOTHING = Found((), "nothing")
THOUGHT = re.compile(r"<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
LATE_THOUGHT = re.compile(r"\A.*</(?:think|thinking)>", re.DOTALL | re.IGNORECASE)
NEXT_TURN = re.compile(
    r"\n\s*(?:(?:User|Human|Question|Problem|Q|用户|问题|问|题目)\s*\d*\s*[:：]|<\|(?:im_start|user"
    r"|endoftext)\|?>|### (?:Instruction|Question|Problem|User))"
)


def final_answer(response: str) -> Found:
    """What a response states as its answer at last."""
    text = THOUGHT.sub("", response[-LONGEST_RESPONSE:])
    text = LATE_THOUGHT.sub("", text)
    lead = text[: len(text) - len(text.lstrip())]
    text = lead + NEXT_TURN.split(text.lstrip(), maxsplit=1)[0]
    ran = program_output.split(text)
    if ran is None:
        return _stated(text)
    after = _stated(ran.after)
    if after.kind != "nothing" or ran.after_is_open:
        return after
    if RETRACTED.search(ran.after):
        return NOTHING
    printed = program_output.printed(ran.output)
    if printed is None:
        return NOTHING
    said = _stated(printed)
    return Found((program_output.as_answer(said.text if said.kind != "nothing" else printed),), "output")


def _stated(text: str) -> Found:
    boxed = _boxed(text)
    return boxed if boxed is not None else _in_words(text)


BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*(?:\{|(?=[0-9]))")
NEGATION = re.compile(
    r"(?:\bnot|\bnever|n't|\bno longer|\bno|\brather than|\binstead of|\bwas|不是|并非|而非|不等于"
    r"|不为)\s*(?:equal to|be|the|simply|just)?\s*[$\\(\[\s]*\Z",
    re.IGNORECASE,
)
RETRACTED = re.compile(
    r"\bactually,? (?:no|that|this|wait|it|i)\b|\bwait\b|\bscratch that\b|\bcorrection\b|\bon second thought"
    r"|\bi (?:made|was|have made) (?:a |an )?(?:mistake|error|wrong)"
    r"|\b(?:that|this|it|above|which|answer|result|value)(?:'s| is| was)(?: in fact| actually)? (?:wrong"
    r"|incorrect|not (?:right|correct)|a mistake|an error|mistaken)\b"
    r"|\bshould (?:instead |actually |really )?(?:be|have been)\b|\bignore (?:that|the above|this)\b"
    r"|\blet me (?:re|correct|fix|try again)|\boops\b|\bsorry\b|\bno,"
    r"|\bi take (?:that|it) back\b|\bretract|\bmiscalculated\b|\bmiscounted\b|\bnot (?:right|correct)\b|\bwithdraw"
    r"|不对|错了|有误|更正|应该是|应为|应是|重新(?:计算|算|考虑)|等等|纠正|算错|写错|说错|收回",
    re.IGNORECASE,
)
DENIED = re.compile(
    r"[\s$)\]]*(?:(?:is|was)(?: not\b|n't\b| wrong| incorrect)|cannot be|can't be|不对|是错)", re.IGNORECASE
)
SIDE_BY_SIDE = re.compile(
    r"[\s$\\()\[\],;，、.]*(?:or|and|and/or|或|或者|和|and also|or else|maybe|alternatively|或是"
    r"|还是)?(?:\s*(?:maybe|perhaps|even|also|possibly))?[\s$\\()\[\],;，、]*",
    re.IGNORECASE,
)


def _boxed(text: str) -> Found | None:
    """The boxes of the last sentence that has some; None where no box decides."""
    boxes = list(BOX.finditer(text))[-MOST_BOXES:]
    # A box within a box is part of it.
    spans: list[tuple[int, int, str]] = []
    for box in boxes:
        if spans and box.start() < spans[-1][1]:
            continue
        end = closing(text, box.end()) if text[box.end() - 1] == "{" else box.end() + 1
        if end is None:
            return NOTHING  # the last box is cut off
        spans.append((box.start(), end + 1, text[box.end() : end]))
    kept = [s for s in spans if not NEGATION.search(text[max(0, s[0] - 60) : s[0]])]
    if not kept:
        return NOTHING if spans else None
    rest = text[kept[-1][1] :]
    taken_back = RETRACTED.search(rest) or DENIED.match(rest)
    if taken_back:
        return _in_words(rest[taken_back.start() :], corrected=True)
    if not kept[-1][2].strip() and MARKER.search(rest):
        return None  # the empty box of an echoed instruction
    group = [kept[-1]]
    for span in reversed(kept[:-1]):
        between = text[span[1] : group[0][0]]
        if SENTENCE_END.search(between) and not SIDE_BY_SIDE.fullmatch(between):
            break
        if RETRACTED.search(between) or FINALLY.search(between):
            break
        group.insert(0, span)
    values = tuple(dict.fromkeys(s[2].strip() for s in group))
    return Found(values, "box") if all(map(states_something, values)) else NOTHING


FINALLY = re.compile(
    r"\b(?:final(?:ly)?|so|hence|thus|therefore|in total|overall|in the end|consequently)\b|最后|最终|所以"
    r"|因此|于是|故|从而|得到|因而",
    re.IGNORECASE,
)
"""What leads from an intermediate result to the final one."""


MARKER = re.compile(
    r"(?:\b(?:answers?|solution|result|(?:correct|final|right|true|required) (?:value|number|total|choice"
    r"|option))(?:\s+(?:to|of|for)\s+(?:the|this)\s+(?:question|problem))?"
    r"\s*(?:\*\*)?\s*(?:is|are|should be|must be|will be|would be|equals?|:|：|=|\n)(?:\*\*)?"
    r"|\bans(?:wer)?\s*[.:：=]|<(?:final_)?answer>|\"(?:final_)?answer\"\s*:|(?:答案|最终结果|最后结果|正确结果|故选|应选|答)\s*(?:应该)?\s*(?:是|为|：|:|】|等于|选|应为|应是|\n|(?=不是|并非))|故选|应选|(?<![\u4e00-\u9fff])选(?=\s*\(?[A-H])|####)",
    re.IGNORECASE,
)
DISOWNED = re.compile(r"\b(?:wrong|incorrect|intermediate|previous|false|naive|tempting|not the)\s+\Z", re.IGNORECASE)
CORRECTED = re.compile(
    r"(?:should (?:instead |actually |really )?(?:be|have been)|it is|it's|正确的?(?:是|为)|应该是|应为|应是)\s*[:：]?",
    re.IGNORECASE,
)
HEADS = re.compile(r"\A[\s:：*=_>]*(?:is\b|是|为)?[\s:：*]*")
CLAIM = re.compile(
    r"(?:correct|right|wrong|incorrect|above|below|as follows|obvious|clear|known|unknown|yes, |given)\b", re.IGNORECASE
)


def _in_words(text: str, corrected: bool = False) -> Found:
    """What follows the last 'the answer is', 'Answer:', 答案是, ####."""
    markers = [m for m in MARKER.finditer(text) if not DISOWNED.search(text[max(0, m.start() - 30) : m.start()])]
    if corrected:
        markers += list(CORRECTED.finditer(text))
        markers.sort(key=lambda m: m.start())
    for place in range(len(markers) - 1, max(-1, len(markers) - 6), -1):
        start = markers[place].end()
        end = len(text)
        rest = text[start:end]
        if not corrected and RETRACTED.search(_after_sentence(rest)):
            again = RETRACTED.search(rest)
            assert again is not None
            return _in_words(rest[again.start() :], corrected=True)
        said = _first_sentence(rest)
        negated = re.match(r"\s*(?:not\b|n't\b|never\b|不是|并非)", said, re.IGNORECASE)
        if negated:
            but = re.search(r"\bbut(?: rather)?\b|而是|it is\b", said, re.IGNORECASE)
            if but is None:
                continue
            said = said[but.end() :]
        said = said.strip()
        if CLAIM.match(said) or not states_something(unwrapped(said)):
            if place + 1 == len(markers) and not rest.strip(" \t\n:*$.。：="):
                return NOTHING  # the response breaks off
            continue
        return Found((said,), "words")
    option = OPTION.search(text)
    return Found((option[1],), "words") if option and not markers else NOTHING


OPTION = re.compile(r"\b(?:option|choice|answer) \(?([A-H])\)? is (?:the )?(?:correct|right)\b", re.IGNORECASE)


def _first_sentence(rest: str) -> str:
    head = HEADS.match(rest)
    rest = rest[head.end() :] if head else rest
    opening = re.match(r"(\$\$|\\\[|\$|\\\(|<(?:final_)?answer>|\"(?:final_)?answer\"\s*:)", rest)
    if opening:  # a formula is not cut at its line ends
        ending = {"$$": "$$", "\\[": "\\]", "$": "$", "\\(": "\\)"}[opening[1]]
        at = rest.find(ending, opening.end())
        if at > 0:
            return rest[: at + len(ending)] + _cut(rest[at + len(ending) :])
    return _cut(rest)


def _cut(rest: str) -> str:
    for end in SENTENCE_END.finditer(rest):
        if not ABBREVIATION.search(rest[: end.start() + 1]):
            return rest[: end.start()].partition("</")[0]
    return rest.partition("</")[0]


ABBREVIATION = re.compile(r"(?:\b(?:approx|sq|cu|ft|in|no|vs|a\.m|p\.m|i\.e|e\.g|U\.S))\.\Z", re.IGNORECASE)


def _after_sentence(rest: str) -> str:
    end = SENTENCE_END.search(rest.lstrip(" \n:*"))
    return rest.lstrip(" \n:*")[end.start() :] if end else ""
