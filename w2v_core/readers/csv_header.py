"""The header of a CSV or TSV file: its delimiter and its columns, from the first bytes of the file."""

import csv
from io import StringIO

DELIMITERS = ",\t;|"
_MOST_ROWS = 50


def delimiter_of(text: str, column: str) -> str:
    """Return the delimiter of a CSV file: one whose header has `column`, else the one with the most columns."""
    rows = {delimiter: first_rows(text, delimiter, 1) for delimiter in DELIMITERS}
    header = {delimiter: found[0] if found else [] for delimiter, found in rows.items()}
    return max(DELIMITERS, key=lambda delimiter: (column in header[delimiter], len(header[delimiter])))


def csv_delimiter(text: str, column: str, is_complete: bool) -> str | None:
    """Return the delimiter of a file without a CSV extension, None if it is not CSV.

    A file is CSV if its header has `column` and other columns, and all rows in `text` have as many fields.
    """
    for delimiter in DELIMITERS:
        header, *rows = first_rows(text, delimiter, _MOST_ROWS + 1) or [[]]
        if not is_complete and len(rows) < _MOST_ROWS:
            rows = rows[:-1]  # it may be cut
        unique = len(set(header)) == len(header) > 1 and all(header)
        if unique and column in header and rows and all(len(row) == len(header) for row in rows):
            return delimiter
    return None


def first_rows(text: str, delimiter: str, most: int) -> list[list[str]]:
    """Return the first rows that are not blank, up to the first that cannot be parsed."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) == most:
                break
    except csv.Error:
        return []
    return rows
