"""The statement within a text: what wraps an answer, what leads to it and what is said beside it."""

import re

from training.grading.tokens import closing, plain

WRAPS = (
    ("**", "**"), ("__", "__"), ("*", "*"), ("`", "`"), ('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("「", "」"),
    ("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("<answer>", "</answer>"),
    ("<final_answer>", "</final_answer>"), ("<b>", "</b>"), ("<strong>", "</strong>"), ("<p>", "</p>"),
    ("<em>", "</em>"),
    ("《", "》"), ("【", "】"), ("\\begin{equation}", "\\end{equation}"), ("\\begin{align*}", "\\end{align*}"),
    ("\\begin{equation*}", "\\end{equation*}"), ("\\begin{align}", "\\end{align}"),
    ("\\begin{center}", "\\end{center}"),
)  # fmt: skip
FENCE = re.compile(r"```[a-z]*\s*\n?(.*?)\s*```", re.DOTALL)
COMMAND = re.compile(
    r"\\(?:boxed|fbox|text(?:bf|it|rm|sf|tt|up|normal)?|mathrm|mathbf|mathit|mathsf|mbox|hbox|displaystyle|underline|emph|ensuremath|Large|large|color\{\w+\})\s*"
)
STOPS = " \t\r\n.,;:。，；：！"
"""Closing marks; an exclamation mark may be a factorial."""


def unwrapped(text: str) -> str:
    """An answer without markdown, quotes, math delimiters, boxes, text commands around all of it, and closing stops."""
    text = text.strip()
    for _ in range(12):
        before = text
        fence = FENCE.fullmatch(text)
        text = fence[1] if fence else text
        for opening, ending in WRAPS:
            inside = text[len(opening) : len(text) - len(ending)]
            if (
                len(text) >= len(opening) + len(ending)
                and text.startswith(opening)
                and text.endswith(ending)
                and opening not in inside
                and ending not in inside
            ):
                text = inside.strip()
        text = _without_command(text)
        text = _without_strays(text)
        text = text.strip().lstrip("=＝\ufeff\u200b").strip()
        while (
            text
            and (text[-1] in STOPS or text.endswith(" !"))
            and not text.endswith(("\\,", "\\;", "\\:", "\\!", "..."))
        ):
            text = text[:-1]
        if text == before:
            break
    return text


def _without_command(text: str) -> str:
    match = COMMAND.match(text)
    if match and match.end() < len(text):
        if text[match.end()] == "{" and closing(text, match.end() + 1) == len(text) - 1:
            return text[match.end() + 1 : -1].strip()
        if "displaystyle" in match[0]:
            return text[match.end() :]
    if text.startswith("{") and closing(text, 1) == len(text) - 1:
        return text[1:-1].strip()
    return text


def _without_strays(text: str) -> str:
    """One delimiter or brace too many at an end; an open group inside is an answer cut off and stays as it is."""
    for stray in ("$$", "$"):
        if text.count("$") == len(stray) and text.endswith(stray):
            return text[: -len(stray)].strip()
    if text.count("$") == 1 and re.match(r"-?\$\s*[\d.]", text):
        return text.replace("$", "\\$")
    for opening, ending in (("\\(", "\\)"), ("\\[", "\\]"), ("**", "**")):
        if text.startswith(opening) and ending not in text[len(opening) :]:
            return text[len(opening) :].strip()
        if text.endswith(ending) and opening not in text[: -len(ending)] and not text.endswith("\\\\" + ending[1:]):
            return text[: -len(ending)].strip()
    braces = re.sub(r"\\.", "", text)
    if text.endswith("}") and not text.endswith("\\}") and braces.count("}") > braces.count("{"):
        return text[:-1].strip()
    if text.startswith("{") and braces.count("{") == braces.count("}") + 1:
        return text[1:].strip()
    return text


def without_commands(text: str) -> str:
    """'\\text{(A)}' and '\\textbf{(A) }5' as plain text."""
    return re.sub(r"\\(?:text(?:bf|it|rm|sf)?|mathrm|mathbf|mbox|boxed|fbox)\b|[{}$*~]|\\[,;:! ]", "", text).strip()


def states_something(text: str) -> bool:
    """Whether a text holds a value at all: a letter, a digit, infinity or an empty set that is meant."""
    shown = re.sub(
        r"\\(?:boxed|text|mathrm|placeholder|left|right|begin\{\w+\}|end\{\w+\}|ldots|dots|frac|quad)", "", text
    )
    return bool(re.search(r"[^\W_]|\\\{\s*\\\}|[∅∞⅞½¼¾√]|[⅐-⅞]", shown))


LEAD = re.compile(
    r"(?![A-Za-z]\s*[=:])(?:(?:so|thus|hence|therefore|then|and|finally|consequently|overall|in total"
    r"|altogether|in conclusion|as a result|also|clearly"
    r"|because of this|this means(?: that)?|it follows that|we conclude that|which means)\b[,:\s]*+)*+"
    r"(?:(?:the|my|our|a|your|this|its|their|his|her|final|correct|required|desired|exact|total|numerical|value|values|answer|answers|result"
    r"|results|solution|solutions|sum|number|product|difference|probability|area|perimeter|volume|length|cost|amount|price|distance|speed|time|of|expression|it|that|which|there|we|i|you|one|they|he|she)\b\s*+)*+"
    r"(?:(?:'s|is|are|equals?|be|was|were|get|gets|got|have|has|obtain|gives?|find|found|comes? (?:out )?to"
    r"|works? out to|turns? out to be|must be|will be|should be|would be|evaluates to|simplifies to|becomes"
    r"|yields?|concludes?)\b\s*|[=:：]\s*)"
    r"(?:(?:simply|just|exactly|therefore|thus|equal to|given by|only|indeed|precisely|that|found to be|always"
    r"|either|both|now|hence|a total of|in total|as follows|clearly)\b[,:\s]*+)*+",
    re.IGNORECASE,
)
CHINESE_LEAD = re.compile(
    r"(?:因此|所以|故|综上|综上所述|于是|则|即|那么|因而|从而)?[,，：:\s]*(?:最终|最后|正确)?(?:的)?(?:答案|结果|一共|总共|共|共有|得数|值|解|答)?(?:就)?(?:应该)?(?:一共|总共|共)?(?:是|为|有|等于|得|:|：|=)+\s*"
)
SUBJECT = re.compile(
    r"[^\d.,;:!?=]{1,120}?\s(?:is|are|equals|was|were|has|have|had|needs?|takes?|costs?|pays?|earns?|makes?|gets?|spends?|saves?|weighs?|sells?|uses?)"
    r"\s+(?:equal to\s+)?",
    re.IGNORECASE,
)
DOUBT = re.compile(
    r"\b(?:not|never|no|if|unless|wrong|incorrect|or|except|than|either|neither|maybe|perhaps|most|least|false)\b|n't\b",
    re.IGNORECASE,
)
CHINESE_SUBJECT = re.compile(
    r"(?:(?:(?![不非或约若如没无少多超])[\u4e00-\u9fff，、\s]){1,30}+(?=[-\d$\\])|[\u4e00-\u9fff]{1,20}?(?:是|为|等于)(?!不))"
)
ASIDE = re.compile(
    r"\s*(?:[(（](?:[^()（）]*[A-Za-z\u4e00-\u9fff]{2}[^()（）]*)[)）]\s*$"
    r"|,?\s*(?:\(?(?:and )?not\b|\bi\.e\.|as (?:the|our|my)\b|rather than|instead of|as (?:required|desired"
    r"|shown|stated|expected|claimed|above|needed|before)"
    r"|because\b|since\b|which (?:is|was|agrees|matches)\b|so (?:we|this)\b|by (?:the|step)\b|see (?:step"
    r"|above)\b|in total\b|altogether\b|units? in total\b|, as\b"
    r"|for the (?:given|question|problem)|is (?:the|our|my) (?:final |correct |required |desired )*(?:answer"
    r"|result|solution|value)\b|而不是|而非|不是|,?因为).*$)",
    re.IGNORECASE | re.DOTALL,
)
NOT_BUT = re.compile(
    r"^.{0,60}?(?:\bnot\b|n't\b|不是|并非)[^.。]{1,60}?(?:\bbut(?: rather| instead)?\b|，?而是)\s*", re.IGNORECASE
)
SENTENCE_END = re.compile(r"[.!?](?=\s|$|[\"'*)])|[。！？\n]|[!?](?=\w)")


LONGEST_SENTENCE = 1_500


def stated(text: str) -> str | None:
    """The value that a sentence states: 'So the total is 5 apples, not 6.' states 5 apples; None where nothing is left.

    Only what leads to a value and what is said beside it is taken away; what remains must be read as a whole.
    """
    if len(text) > LONGEST_SENTENCE:
        return None
    text = plain(text)
    for _ in range(4):
        before = text
        text = NOT_BUT.sub("", text, count=1)
        text = ASIDE.sub("", text, count=1).strip(STOPS)
        lead = LEAD.match(text) or CHINESE_LEAD.match(text) or CHINESE_SUBJECT.match(text)
        if lead is None:
            lead = SUBJECT.match(text)
            lead = None if lead and DOUBT.search(lead[0]) else lead
        if lead and lead.end() < len(text):
            text = text[lead.end() :].strip(STOPS)
        text = unwrapped(text)
        if text == before:
            break
    return text or None
