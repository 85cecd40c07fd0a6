"""The error for an input without tokens: the reason, and a fix."""

from collections.abc import Mapping

from w2v_core.config import TokenizeConfig
from w2v_core.errors import UserError
from w2v_core.readers.columns import BAD_ROWS
from w2v_core.runs.token_account import TokenAccount


class NoTokenError(UserError):
    """The input holds no token that the settings keep. `num_read` tokens were left out."""

    num_read = 0


_FIXES = {
    "bad_rows_not_json": "write one JSON object a line",
    "bad_rows_not_objects": 'write each row as a JSON object, as in {"text": …}',
    "bad_rows_of_other_types": "name a column of text or of lists by tokenize.column",
    "bad_rows_with_fractions": "write ids as integers",
    "bad_rows_of_other_weights": "write weights as numbers",
    "bad_rows_of_other_fields": "write as many fields in each row as in the header",
}


def no_token(
    source: str, counters: Mapping[str, int], account: TokenAccount, options: TokenizeConfig
) -> NoTokenError:
    """Return the error for the input `source` with these counters and this token account."""
    rows, without, bad = (counters.get(name, 0) for name in ("rows", "rows_without_text", "bad_rows"))
    reasons = {name: counters[name] for name in BAD_ROWS if counters.get(name)}
    fix = "give files with text, or another tokenize.tokenizer or tokenize.column"
    if rows:
        source += (
            f", of whose {rows:,} rows {without:,} have nothing under tokenize.column={options.column!r}"
        )
        source += f" and {bad:,} are faulty"
        if reasons:
            source += f": {', '.join(f'{count:,} {BAD_ROWS[name]}' for name, count in reasons.items())}"
        if reasons and bad == rows:
            fix = _FIXES[max(reasons, key=lambda name: reasons[name])]
        elif without == rows:
            fix = "name the column that holds the text by tokenize.column"
    if account.read:
        source += f", but {account.read:,} that the settings leave out: {account}"
        fix = "allow them by tokenize.stop_words, tokenize.min_token_length and tokenize.max_token_length"
    error = NoTokenError(f"the input holds no token ({source}); {fix}")
    error.num_read = account.read
    return error
