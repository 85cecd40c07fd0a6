"""Lines that WikiExtractor writes around an article, which are no text."""


def is_doc_line(line: str) -> bool:
    """Whether `line` opens or closes an article: `<doc id=… url=… title=…>` or `</doc>`."""
    bare = line.strip()
    return bare == "</doc>" or (bare.startswith("<doc ") and bare.endswith(">"))
