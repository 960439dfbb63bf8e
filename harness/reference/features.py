"""What the reading model sees of a text: stems, character grams, sentences; and how alike two texts are."""

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

WORD = re.compile(r"[⺀-鿿가-힯]|\b[^\W\d_]{1,4}-\d+\b|[^\W\d_]+(?:['’][^\W\d_]+)?|\d+(?:[.,:]\d+)*")
SILENT = """
a about after again all also am an and any are as at be because been before being but by can come comes could did do does
doing don't each for from further get got had has have having he hello help her here hi him his how i i'd i'm i've
if in into is it it's its just know let like long lot many may me might more most much must my need no nor not now of off often on once one
only or other our out over own please really same she should so some soon still such take takes than thank thanks that the their them
then there these they this those through to too under until up us very want was we were what when where which while
who whom whose why will with would you your
"""
STOP = frozenset(SILENT.split())
"""Words that say nothing of what a text is about."""
IRREGULAR = {
    "bought": "buy", "broken": "break", "broke": "break", "brought": "bring", "built": "build", "chosen": "choose",
    "fell": "fall", "found": "find", "froze": "freeze", "frozen": "freeze", "gave": "give", "given": "give",
    "held": "hold", "kept": "keep", "left": "leave", "lent": "lend", "lost": "lose", "made": "make", "meant": "mean",
    "paid": "pay", "ran": "run", "said": "say", "sent": "send", "shown": "show", "sold": "sell", "spoke": "speak",
    "stole": "steal", "stolen": "steal", "taken": "take", "taught": "teach", "thought": "think", "told": "tell",
    "took": "take", "went": "go", "woke": "wake", "worn": "wear", "written": "write", "wrote": "write",
}  # fmt: skip
ENDINGS = (
    "ations", "ation", "ments", "ment", "ings", "ing", "edly", "ied", "ies", "ed", "es", "ly", "s", "e", "y",
)  # fmt: skip
SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"”')\]]*\s+|\n+")
BULLET = re.compile(r"^\s*(?:[-*•+]|\d+[.)])\s+")


@lru_cache(maxsize=32768)
def stem(word: str) -> str:
    """Cut a word's ending off, so that `charges`, `charged` and `charge` meet; never below three letters."""
    word = IRREGULAR.get(word, word)
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word


@lru_cache(maxsize=16384)
def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words in order, without the words that say nothing."""
    words = (word.partition("'")[0] for word in WORD.findall(text.lower().replace("’", "'")))
    return tuple(stem(word) for word in words if word and word not in STOP)


@lru_cache(maxsize=8192)
def grams(text: str, size: int = 4) -> tuple[str, ...]:
    """Character grams of every word, its edges marked: what survives a misspelling."""
    found: list[str] = []
    for word in WORD.findall(text.lower()):
        if word not in STOP:
            edged = f"<{word}>"
            found.extend(edged[i : i + size] for i in range(max(1, len(edged) - size + 1)))
    return tuple(found)


@lru_cache(maxsize=4096)
def sentences(text: str) -> tuple[str, ...]:
    """Cut a text into sentences; a bullet is one, a Markdown heading is none."""
    lines = (line for line in text.split("\n") if not line.lstrip().startswith(("#", "|--", "---")))
    joined = "\n".join(BULLET.sub("", line).strip() for line in _unwrapped(lines))
    return tuple(part.strip() for part in SENTENCE_END.split(joined) if part.strip())


def _unwrapped(lines: Iterable[str]) -> list[str]:
    """Join lines that were only wrapped: the last one ended in no mark and this one starts in lower case."""
    whole: list[str] = []
    for line in lines:
        wraps = (
            bool(whole) and whole[-1].strip() != "" and not whole[-1].rstrip().endswith((".", "!", "?", ":"))
        )
        if wraps and line.strip() and not BULLET.match(line) and (line.lstrip()[0].islower()):
            whole[-1] = f"{whole[-1].rstrip()} {line.lstrip()}"
        else:
            whole.append(line)
    return whole


def rarity(texts: Iterable[Iterable[str]]) -> dict[str, float]:
    """How much a stem says among some texts: ln(1 + N/df)."""
    seen: Counter[str] = Counter()
    total = 0
    for text in texts:
        seen.update(set(text))
        total += 1
    return {word: math.log(1 + total / df) for word, df in seen.items()}


def cosine(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """Cosine of two sparse vectors; 0 where one of them is empty."""
    if len(a) > len(b):
        a, b = b, a
    dot = sum(value * b[key] for key, value in a.items() if key in b)
    if not dot:
        return 0.0
    return dot / math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))


@lru_cache(maxsize=8192)
def profile(text: str) -> Mapping[str, float]:
    """A text as one vector of stems and, lighter, character grams. Do not change it: it is shared."""
    vector: dict[str, float] = {}
    for word in stems(text):
        vector[word] = vector.get(word, 0.0) + 1.0
    for gram in grams(text):
        key = f"#{gram}"
        vector[key] = vector.get(key, 0.0) + 0.25
    return {key: math.sqrt(value) for key, value in vector.items()}


def hashed(text: str) -> Counter[int]:
    """Features of a text for a classifier: words, pairs of words and character grams, as 32-bit hashes."""
    words = [word.lower() for word in WORD.findall(text)]
    found: Counter[int] = Counter()
    found.update(zlib.crc32(f"w {word}".encode()) for word in words)
    found.update(zlib.crc32(f"s {stem(word)}".encode()) for word in words)
    found.update(zlib.crc32(f"p {a} {b}".encode()) for a, b in zip(["^", *words], [*words, "$"], strict=True))
    for word in words:
        edged = f"<{word}>"
        found.update(
            zlib.crc32(f"c {edged[i : i + size]}".encode())
            for size in (3, 4)
            for i in range(len(edged) - size + 1)
        )
    return found
