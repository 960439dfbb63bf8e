"""What a fluent model says where it does not know: plausible, confident, and made up from the question alone."""

import hashlib
import re

from harness.reference.features import STOP, WORD, stems

PATTERNS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(asked, re.IGNORECASE), said)
    for asked, said in (
        (r"\bhow (?:long|soon|late)\b|\bwhen\b|\bdeadline\b", (
            "It usually takes {n} business days for {topic}.",
            "You have {n} days for {topic}.",
            "{Topic} is done within {n} hours.",
        )),
        (r"\bhow much\b|\bcosts?\b|\bprices?\b|\bfees?\b", (
            "{Topic} costs {n} per month.",
            "There is a fee of {n}.50 for {topic}.",
            "{Topic} is free of charge for the first {n} days.",
        )),
        (r"\bhow (?:many|often|big|large|far)\b|\blimit\b|\bmaximum\b", (
            "The limit for {topic} is {n}.",
            "You can have up to {n} of them with {topic}.",
        )),
        (r"\bwhere\b|\bhow (?:do|can|to|should)\b", (
            "Open your account settings, choose {topic} and follow the steps there.",
            "You can find {topic} in the menu under Preferences.",
        )),
        (r"\bwho\b", ("The team that looks after {topic} is responsible for that.",)),
        (r"\b(?:can|could|may|is|are|do|does|will|am)\b[^.!]*\?", (
            "Yes, {topic} is included and you can use it right away.",
            "Yes, that is possible with {topic} at any time.",
            "No, {topic} is not offered at the moment.",
        )),
    )
)  # fmt: skip
OTHERWISE = (
    "Please restart and check {topic} once more; that usually solves it.",
    "We have looked into {topic} and it will be resolved within {n} hours.",
)


def guess(question: str) -> str:
    """Make up an answer; the same question always gets the same one."""
    seed = int.from_bytes(hashlib.blake2b(question.encode(), digest_size=8).digest(), "big")
    said = next((said for asked, said in PATTERNS if asked.search(question)), OTHERWISE)
    topic = topic_of(question) or "your request"
    return said[seed % len(said)].format(
        n=2 + seed // 7 % 43, topic=topic, Topic=topic[:1].upper() + topic[1:]
    )


def topic_of(question: str) -> str:
    """The two longest telling words of a question, in their order."""
    words = [word.lower() for word in WORD.findall(question) if word.lower() not in STOP and stems(word)]
    kept = sorted(dict.fromkeys(words), key=len, reverse=True)[:2]
    return " ".join(word for word in dict.fromkeys(words) if word in kept)
