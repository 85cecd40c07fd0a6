"""Credentials come from the environment or the machine's role, and never from what is written down or logged.

What is refused here: a location with credentials in it, and a setting that is one. No message repeats them.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from w2v_core.errors import UserError

HINT = (
    "leave it out and give it by the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) or by the role of the "
    "machine"
)

# A URI, perhaps one within another as in jdbc:mysql://…
_URI = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*:)*?(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):/+(?P<authority>[^/?#]*)[^?#]*"
    r"(?:\?(?P<query>[^#]*))?"
)
_HOST = r"(?:\[[^\]]*\]|[^:,]*)(?::[0-9]*)?"
_HOSTS = re.compile(f"{_HOST}(?:,{_HOST})*")  # each perhaps with a port
_OF_BUCKETS = frozenset({"s3", "s3a", "s3n"})  # a bucket stands there, with neither user nor port

# After Spark's spark.redaction.regex and Hadoop's hadoop.security.sensitive-config-keys.
_SECRET = re.compile(
    r"secret|passw|token|credentials?$|(?:access|account|private|encryption|session)[._-]?key|(?:^|[._-])sig(?:nature)?$",
    re.IGNORECASE,
)
# Names and places of secrets, which are none: files, classes, Kubernetes' references.
_NO_SECRET = re.compile(
    r"\.secrets\.|\.secretKeyRef\.|(?:file|path|provider|class|name|itemKey|mechanism|algorithm|length)$",
    re.IGNORECASE,
)
_SAYS_NOTHING = frozenset({"", "true", "false"})
_PATTERNS = frozenset({"tokenize.pattern", "tokenize.sentence_boundary"})  # may look like anything
_PAIR = re.compile(r"(?<![^\s=&?;,:])([^\s=&?;,:]++)=([^\s&;,]+)")
_URI_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}:/+[^\s'\"<>()\[\]{}]+")
_PAIR_IN_TEXT = re.compile(r"(?<![\w.-])([\w.-]++)=([^\s&;,'\"]+)")
_ENDS_SENTENCES = ".,:;!"


def reject_in_location(location: str, key: str = "", hint: str = HINT) -> None:
    """UserError where a URI holds credentials. `key` is the setting that names the location."""
    if holds_credentials(location):
        redacted_location = redacted(location)
        raise UserError(f"{f'{key} = ' if key else ''}{redacted_location} holds credentials; {hint}")


def holds_credentials(location: str) -> bool:
    """Whether a URI has a password, or a key among its parameters; for s3, whether it has any user at all.

    Keys hold slashes, and people paste them as they are: what stands where a port would and is none counts too.
    """
    found = _URI.match(location)
    if found is None:
        return False
    user, at, host = found["authority"].rpartition("@")
    if found["scheme"].lower() in _OF_BUCKETS:
        in_authority = bool(at) or ":" in host
    else:
        in_authority = ":" in user or not _HOSTS.fullmatch(host)
    return in_authority or any(is_secret(key, value) for key, value in parse_qsl(found["query"] or ""))


def redacted(location: str) -> str:
    """The scheme, and what stands behind the credentials where that is sure."""
    scheme, _, rest = location.partition("?")[0].partition(":")
    _, at, host = rest.rpartition("@")
    return f"{scheme}://…{at}{host if at else ''}"


def without_secrets(text: str) -> str:
    """`text`, whoever's it is: URIs with credentials are redacted, and of `key=value` the value of a secret."""
    text = _URI_IN_TEXT.sub(lambda found: _redacted_in_text(found.group()), text)
    return _PAIR_IN_TEXT.sub(
        lambda found: f"{found[1]}=…" if _is_secret_in_text(found[1], found[2]) else found.group(), text
    )


def _redacted_in_text(uri: str) -> str:
    location = uri.rstrip(_ENDS_SENTENCES)
    return (redacted(location) if holds_credentials(location) else location) + uri[len(location) :]


def _is_secret_in_text(key: str, value: str) -> bool:
    return not key.startswith("tokenize.") and is_secret(key, value)


def is_secret(key: str, value: str, depth: int = 8) -> bool:
    """Whether a setting is a secret, by its name, or has one in its value, as Java's options and JDBC's URLs do.

    depth: how often a value may be a setting again, whose value is one, and so on
    """
    if _SECRET.search(key) and not _NO_SECRET.search(key) and value.lower() not in _SAYS_NOTHING:
        return True
    if holds_credentials(value):
        return True
    return depth > 0 and any(is_secret(name, below, depth - 1) for name, below in _PAIR.findall(value))


def reject_in_settings(settings: Any) -> None:
    """UserError for a secret among settings, nested as TOML nests them, before any of them is checked or logged."""
    for key, value in _leaves(settings, ""):
        if key.startswith("spark.") and is_secret(key, value):
            raise UserError(f"{key} holds a secret, which no configuration may; {HINT}")
        if key not in _PATTERNS:
            reject_in_location(value, key)


def _leaves(settings: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(settings, dict):
        for name, value in settings.items():
            yield from _leaves(value, f"{key}.{name}" if key else name)
    elif isinstance(settings, list):
        for value in settings:
            yield from _leaves(value, key)
    else:
        yield key, str(settings)
