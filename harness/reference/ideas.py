"""The few ideas that a reader of English brings along: families of words that mean the same kind of thing.

They are about language, not about any evalset: a label that is described by one word of a family is met by a text
that uses another. An idea that is denied ("nothing is wrong") does not count.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

FAMILIES: Mapping[str, tuple[float, str]] = {
    "trouble": (
        0.30,
        (
            r"broke\w*|break\w*|fail\w*|fault\w*|errors?|wrong\w*|crash\w*|stuck|stop(?:s|ped)|dead|damag\w+|missing|lost"
            r"|late|leak\w*|problems?|issues?|bugs?|refuses?|can(?:no|')t|won't|will not|doesn't|does not|didn't|did not"
            r"|isn't|no longer|not work\w*|crack\w*|bent|blink\w*|flash\w*|expired|disappear\w*|torn|rot\w*|dying|died"
        ),
    ),
    "danger": (
        0.70,
        (
            r"smok\w+|fires?|burn\w*|sparks?|shock\w*|flames?|flood\w*|injur\w+|danger\w*|explo\w+|melt\w*|poison\w*"
            r"|too hot|scorch\w*|bleed\w*|emergenc\w+|hack\w*|intruders?|strangers?|somebody else|someone else|stolen"
        ),
    ),
    "hurry": (
        0.40,
        r"today|tonight|tomorrow|right now|immediately|at once|asap|urgent\w*|deadlines?|within the hour|this minute",
    ),
    "outage": (
        0.40,
        (
            r"outages?|(?:is|are|been|went|goes) (?:out|down|off|cold)|no (?:power|heating|heat|light|access|water|internet)"
            r"|locked out|without (?:power|heating|access)|freezing|cannot (?:log|sign|get) in"
        ),
    ),
    "money": (
        0.20,
        (
            r"charged|invoic\w*|pay|pays|paid|paying|payments?|bills?|billing|billed|refund\w*|money|debit\w*|bank"
            r"|receipts?|vat|overcharg\w*|credit|instal+ments?"
        ),
    ),
    "price": (0.15, r"prices?|costs?|fees?|cheap\w*|expensive|how much|euros?|dollars?|pounds?"),
    "transport": (
        0.20,
        (
            r"deliver\w*|ship\w*|parcels?|packages?|courier\w*|track\w*|postman|arriv\w*|orders?|ordered|dispatch\w*"
            r"|letterbox|appointments?"
        ),
    ),
    "return": (0.20, r"returns?|returned|returning|send\w* (?:it |them |\w+ )?back|give back|exchang\w*|swap\w*|recycl\w*"),
    "promise": (0.20, r"warrant\w*|guarantee\w*|cover(?:s|ed|age)?|repair\w*|claims?"),
    "identity": (
        0.20,
        (
            r"accounts?|passwords?|log(?:ged)? ?in|login\w*|sign(?:ed|ing)?[ -]in|two-step|usernames?|e-?mail address\w*"
            r"|verif\w*|guests?|privacy|personal data|delet\w+"
        ),
    ),
    "machine": (
        0.15,
        (
            r"devices?|machines?|chargers?|batter\w+|thermostats?|lamps?|screens?|displays?|buttons?|wi-?fi|firmware"
            r"|updates?|error codes?|codes?|set(?:ting)? up|sensors?|restart\w*|reset\w*"
        ),
    ),
    "contract": (
        0.20,
        r"plans?|subscri\w*|upgrad\w*|downgrad\w*|cancel\w*|trials?|free month|paus(?:e|ed|ing)|members?\w*|renew\w*",
    ),
    "thanks": (0.30, r"thank\w*|love(?:ly|d)?|wonderful|praise|kind|compliment\w*|great|happy|delight\w*"),
}  # fmt: skip
ASKING = re.compile(
    r"\?|？|^\s*(?:what|how|when|where|which|who|why|is|are|can|does|do)\b|\bquestions?\b|\basks?\b",
    re.IGNORECASE,
)
ASKING_WEIGHT = 0.12
CALM_WEIGHT = 0.18
DENIED = re.compile(
    r"\b(?:no|not|nothing|never|none|without|isn't|neither)\b[^.,;:!?\n]{0,14}$", re.IGNORECASE
)
SPOKEN = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, (_, words) in FAMILIES.items()}
WEIGHTS: Mapping[str, float] = {
    **{name: weight for name, (weight, _) in FAMILIES.items()},
    "asking": ASKING_WEIGHT,
    "calm": CALM_WEIGHT,
}


@lru_cache(maxsize=8192)
def ideas(text: str, *, described: bool = False) -> frozenset[str]:
    """The ideas that a text speaks of. A label's description is calm only where it denies trouble in words."""
    found = {
        name for name, words in SPOKEN.items() if any(not _denied(text, m) for m in words.finditer(text))
    }
    if ASKING.search(text):
        found.add("asking")
    denied = any(_denied(text, match) for match in SPOKEN["trouble"].finditer(text))
    serious = found & {"trouble", "danger", "outage"}
    if not serious and (denied or not described):
        found.add("calm")
    return frozenset(found)


def _denied(text: str, match: re.Match[str]) -> bool:
    return bool(DENIED.search(text[max(0, match.start() - 30) : match.start()]))
