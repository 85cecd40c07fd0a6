"""The texts of the articles of a MediaWiki dump (pages-articles.xml, compressed or not).

A split owns the pages whose `<page>` begins in it; markup within a page's text is escaped there, so nothing else looks
like one. Only articles are read, not pages of other namespaces or redirects. Templates, tables, references, files
and categories are removed; the dump itself names the namespaces of files and categories.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree import ElementTree

import pyarrow as pa

from w2v_core.config import TokenizeConfig
from w2v_core.errors import InputError
from w2v_core.readers.block import Block
from w2v_core.readers.columns import raise_if_unreadable
from w2v_core.readers.lines import open_split, reject_shrunk
from w2v_core.readers.splits import Split

_CHUNK_BYTES = 1 << 20
_PAGES_A_BLOCK = 64
_LONGEST_PAGE = 64 << 20  # MediaWiki itself takes 2 MB of text
_BEGIN, _END = b"<page>", b"</page>"
_FILE, _CATEGORY = "6", "14"  # MediaWiki's numbers of these namespaces
_NO_TEXT_TAGS = frozenset(
    ("ref", "table", "math", "gallery", "timeline", "score", "chem", "syntaxhighlight", "source")
)


def read_mediawiki(split: Split, config: TokenizeConfig, counters: Counter[str]) -> Iterator[Block]:
    """Yield the texts of the articles that begin in the split. Raises UserError for a damaged dump and other XML.

    Adds to counters["input_bytes"], ["pages"], ["pages_left_out"] and ["bad_rows"], which are pages that are not
    valid XML; with `strict` these raise UserError.
    """
    import_parser()
    path, texts = split.file.path, []
    with raise_if_unreadable(path, EOFError):
        foreign = _foreign_namespaces(split)
        with open_split(split) as stream:
            for page in _pages(stream, split, counters):
                counters["pages"] += 1
                wikitext = _wikitext(page, path, config.strict, counters)
                if wikitext is not None and not _tangled(wikitext, path, config.strict, counters):
                    texts.append(plain_text(wikitext, foreign))
                if len(texts) >= _PAGES_A_BLOCK:
                    yield Block(pa.array(texts, pa.string()))
                    texts = []
    if texts:
        yield Block(pa.array(texts, pa.string()))


def import_parser() -> None:
    """Import mwparserfromhell. Raises UserError if it is not installed."""
    try:
        import mwparserfromhell  # noqa: F401
    except ImportError:
        raise InputError(
            "MediaWiki dumps are read by mwparserfromhell; install it with `pip install 'w2v[mediawiki]'`"
        ) from None


def _foreign_namespaces(split: Split) -> frozenset[str]:
    """Return the lower-case prefixes of links without text, from the head of the dump."""
    with open_split(split) as stream:
        head = stream.read(_CHUNK_BYTES)
    if b"<mediawiki" not in head[:4096]:
        raise InputError(
            f"{split.file.path} is not a MediaWiki dump: it does not begin with <mediawiki>; leave it out of "
            "--input, or set tokenize.format = text to read it as text"
        )
    namespaces = re.findall(rb'<namespace key="(-?\d+)"[^>]*>([^<]*)</namespace>', head)
    own = {
        name.decode(errors="replace").lower()
        for key, name in namespaces
        if key.decode() in (_FILE, _CATEGORY)
    }
    return frozenset(own | {"file", "image", "category"})


def _pages(stream: BinaryIO, split: Split, counters: Counter[str]) -> Iterator[bytes]:
    """Yield the pages, `<page>` to `</page>`, that begin in the split."""
    end = split.end if split.file.compression is None else sys.maxsize
    position, pending = split.begin, b""
    if position:
        stream.seek(position)
    while chunk := stream.read(_CHUNK_BYTES):
        pending += chunk
        while True:
            begin = pending.find(_BEGIN)
            if begin < 0:
                position, pending = position + len(pending) - len(_BEGIN) + 1, pending[1 - len(_BEGIN) :]
                break
            if position + begin >= end:
                return
            stop = pending.find(_END, begin)
            if stop < 0:
                position, pending = position + begin, pending[begin:]
                if len(pending) > _LONGEST_PAGE:
                    raise EOFError(f"a page has no end within {_LONGEST_PAGE:,} bytes")
                break
            stop += len(_END)
            counters["input_bytes"] += stop - begin
            yield pending[begin:stop]
            position, pending = position + stop, pending[stop:]
        if position >= end:
            return
    if pending.startswith(_BEGIN):
        raise EOFError("the last page has no end")
    if split.file.compression is None and position + len(pending) < split.end:
        reject_shrunk(split)


def _wikitext(page: bytes, path: str, strict: bool, counters: Counter[str]) -> str | None:
    """Return the text of an article; None for other pages and for damaged pages."""
    try:
        root = ElementTree.fromstring(page)  # noqa: S314 - expat 2.4 and later bound entity expansion
    except ElementTree.ParseError as error:
        if strict:
            raise InputError(
                f"{path} has a page that is not valid XML ({error}): {page[:80]!r}; leave out --strict to have such "
                "pages skipped and counted"
            ) from None
        counters["bad_rows"] += 1
        return None
    if root.findtext("ns", "0") != "0" or root.find("redirect") is not None:
        counters["pages_left_out"] += 1
        return None
    return root.findtext("revision/text") or ""


def _tangled(wikitext: str, path: str, strict: bool, counters: Counter[str]) -> bool:
    """Return whether so many tags are unclosed that mwparserfromhell would take hours."""
    brackets = max(wikitext.count(begin) - wikitext.count(end) for begin, end in ("<>", "[]", "{}"))
    tags = len(_TAG.findall(wikitext)) - wikitext.count("</") - wikitext.count("/>")
    if brackets <= _MOST_OPEN_BRACKETS and tags <= _MOST_OPEN_TAGS and not _LONG_LIST_MARK.search(wikitext):
        return False
    if strict:
        raise InputError(
            f"{path} has a page with thousands of tags or brackets that do not end: {wikitext[:80]!r}; leave out "
            "--strict to have such pages skipped and counted"
        )
    counters["bad_rows"] += 1
    return True


_MOST_OPEN_BRACKETS, _MOST_OPEN_TAGS = 500, 2000
_TAG = re.compile(r"<(?!br|hr|li|p|t[dhr]|d[dt]|wbr)[a-z]", re.IGNORECASE)  # but those that need no end
_LONG_LIST_MARK = re.compile(r"^[;:*#]{2000}", re.MULTILINE)


def plain_text(wikitext: str, foreign: frozenset[str]) -> str:
    """Return wikitext as plain text, one paragraph per line."""
    import mwparserfromhell

    code = mwparserfromhell.parse(wikitext)
    for node in code.filter(recursive=True, matches=lambda node: _shows_no_text(node, foreign)):
        try:
            code.remove(node)
        except ValueError:  # gone with what it stood in
            continue
    return str(code.strip_code(normalize=True, collapse=True))


def _shows_no_text(node: Any, foreign: frozenset[str]) -> bool:
    if hasattr(node, "tag"):
        return str(node.tag).strip().lower() in _NO_TEXT_TAGS
    if hasattr(node, "title") and hasattr(node, "text"):
        prefix, colon, _ = str(node.title).partition(":")
        return bool(colon) and prefix.strip().lower() in foreign
    return False
