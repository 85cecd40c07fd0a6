"""Every run of n characters within a word: for scripts without spaces, and for names and codes.

A word is what stands between white space. It is not padded: the ends of a word are not told apart from its middle.
"""

from collections.abc import Callable


def tokenizer(min_n: int, max_n: int) -> Callable[[str], list[str]]:
    """The function from a line to its n-grams of `min_n` to `max_n` characters, by where they begin."""
    lengths = range(min_n, max_n + 1)

    def tokenize(line: str) -> list[str]:
        return [
            word[begin : begin + n]
            for word in line.split()
            for begin in range(len(word))
            for n in lengths
            if begin + n <= len(word)
        ]

    return tokenize
