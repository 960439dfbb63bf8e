"""A text cut into its sentences: what is said in it, one piece each."""

import re

_TITLES = """
adm approx assoc ave bd bzw ca capt cf dept dr ed eds eq esp fig figs gen gov hon hr messrs mr mrs ms mt no nos nr pp prof
rep rev sec sen sgt st tel vol vols vs
"""
_ABBREVIATIONS = frozenset(_TITLES.split())
"""What a full stop follows with more to come, even before a capital; `etc.` and `Inc.` end as many sentences as not."""

_END = re.compile(
    r"[。！？]+[」』”’）】]*"  # no space follows in these scripts
    r"|(?<=[.!?…])[\"'”’»)\]]*\s+"
)
_LAST_WORD = re.compile(r"([^\W\d_]+(?:\.[^\W\d_]+)*)\.$")
_MARK = re.compile(r"^\s*(?:[-*•+–>]|#{1,6}|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+")
"""What begins an item of a list, a heading or a quotation: no part of what it says."""
_RULE = re.compile(r"^[\s|:=_*-]*$")
_WRAPPED = 60
"""Characters from which a line may be one that was wrapped."""
_TAIL = 40
"""Characters in which an abbreviation is looked for."""


def sentences(text: str) -> list[str]:
    """Cut a text into sentences, in order; none is empty.

    A sentence ends at `.`, `!`, `?` or `…` before white space, and at `。`, `！`, `？`. It does not end after an
    abbreviation, an initial (`J. S. Bach`, `e.g.`) or where the next word begins in lower case. An empty line, an
    item of a list and a heading end it too; their marks are left out. A line that was only wrapped is put together.
    """
    return [sentence for block in _blocks(text) for sentence in _cut(block)]


def _blocks(text: str) -> list[str]:
    """Paragraphs and items of lists: lines that were only wrapped, put together."""
    blocks: list[str] = []
    above = ""
    for line in text.splitlines():
        bare = "" if _RULE.match(line) else _MARK.sub("", line, count=1).strip()
        if bare and above and bare == line.strip() and _goes_on(above, bare):
            blocks[-1] = f"{blocks[-1]} {bare}"
        elif bare:
            blocks.append(bare)
        above = "" if line.lstrip().startswith("#") else bare
    return blocks


def _goes_on(above: str, line: str) -> bool:
    return line[0].islower() or (len(above) >= _WRAPPED and above[-1] not in ".!?…:。！？")


def _cut(block: str) -> list[str]:
    found: list[str] = []
    start = 0
    for end in _END.finditer(block):
        at = end.end()
        if _ends(block[max(start, at - _TAIL) : at].rstrip(), block[at : at + 1]):
            found.append(block[start:at].strip())
            start = at
    return [*found, block[start:].strip()] if start < len(block) else found


def _ends(tail: str, following: str) -> bool:
    """Whether a sentence ends here, between the end of what came and the sign that follows."""
    if not tail.endswith("."):
        return not (tail.endswith("…") and following.islower())
    if following.islower():
        return False
    last = _LAST_WORD.search(tail)
    word = last[1] if last else ""
    initial = len(word) == 1 and word != "I"
    return not (initial or "." in word or word.casefold() in _ABBREVIATIONS)
