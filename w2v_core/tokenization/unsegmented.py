"""Whether tokens are Chinese text that no tokenizer has cut into words.

Chinese has no spaces between words, so that tokenizers which cut at spaces and punctuation give whole clauses. Words
have 1.6 characters on average, and clauses 6 or more.
"""

import re
from collections.abc import Sequence

CUT_AT_SPACES = frozenset({"unicode_words", "whitespace", "regex"})
"""tokenizers that do not segment Chinese"""

_HAN = re.compile("[々\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")  # of Japanese text a third or more
_LEAST_HAN = 0.5
_MOST_KANA = 0.05
_LONGEST_WORD = 4.0  # on average


def mean_clause(tokens: Sequence[str]) -> float | None:
    """Return the mean number of Han characters in a token with any, None where the tokens are not unsegmented Chinese.

    Parameters
    ----------
    tokens : sequence of str
        Tokens of some sentences.
    """
    text = "".join(tokens)
    num_han, num_kana = len(_HAN.findall(text)), len(_KANA.findall(text))
    if not text or num_han < _LEAST_HAN * len(text) or num_kana > _MOST_KANA * len(text):
        return None
    mean = num_han / sum(_HAN.search(token) is not None for token in tokens)
    return mean if mean > _LONGEST_WORD else None
