"""reference-embed: a text as signed, hashed n-grams on the unit sphere."""

import math
import zlib
from array import array
from itertools import pairwise

from harness.reference.features import grams, stems

DIMENSIONS = 256
MAX_DIMENSIONS = 4096


def embed(text: str, dimensions: int = DIMENSIONS) -> "array[float]":
    """Embed one text; float32, of length 1, or all zero for a text without a word."""
    vector = array("d", bytes(8 * dimensions))
    words = stems(text)
    weighted = [(f"w {word}", 1.0) for word in words]
    weighted += [(f"p {a} {b}", 0.5) for a, b in pairwise(words)]
    weighted += [(f"c {gram}", 0.25) for gram in grams(text)]
    for feature, weight in weighted:
        place = zlib.crc32(feature.encode())
        vector[place % dimensions] += weight if place & 0x80000000 else -weight
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return array("f", [value / length for value in vector])
