"""Cutting tokens at the top level: brackets, lists and their joints."""

from training.grading.tokens import Token, Unreadable

Tokens = list[Token]
OPENERS = {"(": "(", "[": "[", "\\{": "{", "\\lbrace": "{", "\\langle": "<", "{": "{}"}
CLOSERS = {")": ")", "]": "]", "\\}": "}", "\\rbrace": "}", "\\rangle": ">", "}": "{}"}
JOINTS = {
    "and": "and",
    "or": "or",
    "&": "and",
    "和": "and",
    "或": "or",
    "与": "and",
    "及": "and",
    "或者": "or",
    "以及": "and",
}


def without_brackets(found: Tokens) -> Tokens:
    """'x = 2k (k in Z)' as 'x = 2k, k in Z'."""
    opener = next((i for i, t in enumerate(found) if t.text == "(" and i and closes(found, i) == len(found) - 1), None)
    if opener is None or not any(t.text == "\\in" for t in found[opener:]):
        return found
    return [*found[:opener], found[opener]._replace(text=","), *found[opener + 1 : -1]]


def depths(found: Tokens) -> list[tuple[int, int]]:
    """The index of every token with the number of brackets open around it."""
    depth, result = 0, []
    for i, token in enumerate(found):
        if token.text in CLOSERS or token.text == "\\end":
            depth -= 1
        result.append((i, depth))
        if token.text in OPENERS or token.text == "\\begin":
            depth += 1
        if depth > 40:
            raise Unreadable("nested too deep")
    return result


def closes(found: Tokens, start: int) -> int | None:
    inside = (start + i for i, depth in depths(found[start:]) if i and depth == 0 and found[start + i].text in CLOSERS)
    return next(inside, None)


def split(found: Tokens) -> tuple[list[Tokens], list[str]]:
    """The parts of a list and what stands between them; 'a, b and c' has one joint at each gap."""
    parts: list[Tokens] = [[]]
    joints: list[str] = []
    for i, depth in depths(found):
        text = found[i].text
        if depth == 0 and (text in (",", ";") or (text in JOINTS and found[i].kind != "letter")):
            joint = JOINTS.get(text, text)
            if parts[-1]:
                parts.append([])
                joints.append(joint)
            elif joints and joint in ("and", "or"):
                joints[-1] = joint  # ', and'
            else:
                raise Unreadable("an empty part")
        else:
            parts[-1].append(found[i])
    if not parts[-1]:
        raise Unreadable("an empty part")
    return parts, joints


def split_at(found: Tokens, *separators: str) -> list[Tokens]:
    parts: list[Tokens] = [[]]
    for i, depth in depths(found):
        if depth == 0 and found[i].text in separators:
            parts.append([])
        else:
            parts[-1].append(found[i])
    return parts
