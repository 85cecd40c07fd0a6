"""Files with faults that no writer makes: bytes flipped, cut, put in and repeated, and numbers that nobody wrote."""

import random
import re

from corpora import damaged

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_NO_NUMBERS = [
    b"9" * 400,
    b"-" + b"9" * 400,
    b"9" * 5000,
    b"-1",
    b"0",
    b"nan",
    b"NaN",
    b"inf",
    b"-Infinity",
    b"1e999",
    b"3.4e38",
    b"1e-400",
    b"0x10",
    b"1_000",
    b"18446744073709551616",
    b"9223372036854775807",
    b"2147483648",
    b"1.5",
    b"true",
    b"null",
    b'"7"',
    b"[]",
    b"{}",
    b"",
    "٣".encode(),
]


def forged(rng: random.Random, data: bytes, is_text: bool) -> bytes:
    """`data` with a fault; of text, often with another number."""
    if is_text and rng.random() < 0.5:
        found = list(_NUMBER.finditer(data))
        if found:
            place = rng.choice(found[:3] + rng.sample(found, min(len(found), 3)))
            return data[: place.start()] + rng.choice(_NO_NUMBERS) + data[place.end() :]
    return damaged(rng, data)
