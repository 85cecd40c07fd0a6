"""URLs and e-mail addresses as one word each, since nearly all differ and their parts are not words."""

import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Every repetition is bounded or begins behind a boundary: a line of two million letters takes no longer than others.
_URL = re.compile(r"(?:\b(?:https?|ftps?|file)://|\bwww\.)[^\s<>\"]*[^\s<>\".,;:!?)\]}'»”’]", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def fold_addresses(
    lines: pa.StringArray, url_token: str | None, email_token: str | None, counters: Counter[str]
) -> pa.StringArray:
    """Return the lines with `url_token` for each URL, then `email_token` for each e-mail address, between spaces.

    None leaves them as they are. Adds to counters["urls_folded"] and ["emails_folded"].
    """
    if url_token is not None:
        lines = _fold(lines, _URL, ("://", "www."), url_token, "urls_folded", counters)
    if email_token is not None:
        lines = _fold(lines, _EMAIL, ("@",), email_token, "emails_folded", counters)
    return lines


def _fold(
    lines: pa.StringArray,
    address: re.Pattern[str],
    signs: tuple[str, ...],
    token: str,
    name: str,
    counters: Counter[str],
) -> pa.StringArray:
    """Apply the pattern only to lines that contain one of the signs."""
    has_sign = np.zeros(len(lines), bool)
    for sign in signs:
        has_sign |= pc.match_substring(lines, sign, ignore_case=True).to_numpy(zero_copy_only=False)
    if not has_sign.any():
        return lines
    mask, folded = pa.array(has_sign), []
    for line in lines.filter(mask).to_pylist():
        text, number = address.subn(lambda _: f" {token} ", line)
        counters[name] += number
        folded.append(text)
    return pc.replace_with_mask(lines, mask, pa.array(folded, pa.string()))
