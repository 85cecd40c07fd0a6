"""Every run of n characters within a word: for scripts without spaces, and for names and codes.

Words are separated by white space, and not padded, so n-grams at the ends of a word have no mark.
A letter with its marks, a joined emoji and a flag count as one character each and are never cut.
"""

from collections.abc import Callable

from w2v_core.tokenization.clusters import clusters


def tokenizer(min_n: int, max_n: int) -> Callable[[str], list[str]]:
    """Return a function from a line to its n-grams of `min_n` to `max_n` characters, ordered by start."""
    lengths = range(min_n, max_n + 1)

    def ngrams(word: str) -> list[str]:
        characters = clusters(word)
        if len(characters) == len(word):
            return [
                word[begin : begin + n]
                for begin in range(len(word))
                for n in lengths
                if begin + n <= len(word)
            ]
        return [
            "".join(characters[begin : begin + n])
            for begin in range(len(characters))
            for n in lengths
            if begin + n <= len(characters)
        ]

    return lambda line: [ngram for word in line.split() for ngram in ngrams(word)]
