"""Rows for people: a table on a terminal, lines of aligned columns elsewhere."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from w2v_core.console.log import console, escape_word
from w2v_core.io.events import log_event

Row = tuple[str, ...]


def print_rows(headings: Row, rows: Sequence[Row], *, num_left: int = 1, has_total: bool = False) -> None:
    """Rows of as many texts as `headings`: the first `num_left` to the left, the others to the right.

    With `has_total` a line stands above the last.
    """
    rows = [tuple(map(escape_word, row)) for row in rows]
    if not console.is_interactive:
        for line in aligned([headings, *rows], num_left):
            log_event(line)
        return
    table = Table()
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="left" if position < num_left else "right")
    for number, row in enumerate(rows, start=1):
        if has_total and number == len(rows):
            table.add_section()
        table.add_row(*map(Text, row))
    console.print(table)


def aligned(rows: Sequence[Row], num_left: int = 1) -> list[str]:
    """Rows of equal length as lines: the first `num_left` columns to the left, the others to the right.

    A Korean, Chinese or Japanese character is as wide as two others, as terminals show it.
    """
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(row, widths, num_left)).rstrip() for row in rows]


def _padded(row: Row, widths: Sequence[int], num_left: int) -> list[str]:
    spaces = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
    return [
        cell + space if position < num_left else space + cell
        for position, (cell, space) in enumerate(zip(row, spaces, strict=True))
    ]
