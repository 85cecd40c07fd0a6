"""Word vectors: read them, look words up, and find the nearest by cosine.

`WordVectors` is one class in nine modules, each of which adds the methods of one theme to the one before:

    word_ids         words, ids and counts
    lookup           vectors by word
    means            the mean of several words
    distances        cosines and distances of words
    similar_words    the most similar words
    similar_by       shorter ways to ask for them
    stored_vectors   files, Arrow and pandas
    derived_vectors  new objects from old ones
    word_vectors     scores, and what a notebook shows

Methods have the names and the results of gensim's KeyedVectors; docs/from-gensim.md lists each.
"""

import html

from w2v_core.io.filesystem import Location
from w2v_core.vectors.derived_vectors import DerivedVectors
from w2v_core.vectors.formats.vector_faults import count_of
from w2v_core.vectors.similar_words import Answers
from w2v_core.vectors.terms import Terms
from w2v_core.vectors.unknown_words import UnknownWordError

__all__ = ["Answers", "Terms", "UnknownWordError", "WordVectors"]

SHOWN_WORDS, SHOWN_NUMBERS = 5, 5
"""Words and numbers that a notebook shows."""


class WordVectors(DerivedVectors):
    """Words, their counts and their vectors; the id of a word is its row.

    The most frequent words come first, unless the vocabulary was extended. No method changes an object: methods such
    as `add_vectors` return a new one.

    Parameters
    ----------
    tokens : sequence of str, or Arrow string array
        V distinct words.
    counts_V : array (V,) int64
        Occurrences in the corpus.
    vectors_VD : array (V, D) float32
        The vectors; they may be memory-mapped, and are never copied whole.
    rules : Rules, optional
        How the corpus was normalized, None if that is not recorded. A word that is not in the vocabulary as given is
        looked up as normalized by these rules.

    Raises
    ------
    ValueError
        The first three disagree in length, shape or dtype.

    Examples
    --------
    >>> vectors_VD = np.array([[3, 4], [-3, 4], [2, 0], [-2, 0]], np.float32)
    >>> wv = WordVectors(["king", "queen", "man", "woman"], np.array([40, 30, 20, 10]), vectors_VD)
    >>> wv.most_similar("king", topn=1)[0][0]
    'man'
    """

    def __repr__(self) -> str:
        words, dimensions = count_of(len(self), "word"), count_of(self.vector_size, "dimension")
        return f"<{type(self).__name__}: {words}, {dimensions}>"

    def _repr_html_(self) -> str:
        """Return the most frequent words as an HTML table, for notebooks."""
        rows = [self._html_row(i) for i in self.most_frequent(SHOWN_WORDS).tolist()]
        head = "<tr><th>word</th><th>count</th><th>vector</th></tr>"
        return f"<table><caption>{html.escape(repr(self))}</caption>{head}{''.join(rows)}</table>"

    def _html_row(self, word_id: int) -> str:
        word = str(self._tokens[word_id])
        numbers = [f"{number:.3f}" for number in self.vectors[word_id, :SHOWN_NUMBERS].tolist()]
        more = ["…"] if self.vector_size > SHOWN_NUMBERS else []
        cells = (html.escape(word), f"{self.counts[word_id]:,}", " ".join(numbers + more))
        return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"

    def evaluate_word_pairs(
        self,
        pairs: Location,
        *,
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[tuple[float, float], tuple[float, float], float]:
        """Return how well cosines agree with people's judgment of word pairs, as gensim does.

        `w2v_core.evaluation.word_pairs` gives the same correlation with an interval and the coverage.

        Parameters
        ----------
        pairs : str or path
            A file of lines "word word score", a URI, or the name of a set that an installed package ships.
        restrict_vocab : int or None
            Only this many most frequent words have vectors.
        case_insensitive : bool
            Whether case is ignored.
        dummy4unknown : bool
            Whether pairs with an unknown word have the cosine 0. Otherwise they are skipped.

        Returns
        -------
        pearson, spearman : (float, float)
            The correlation and its two-sided p-value; NaN where all scores of a side are equal.
        oov_ratio : float
            The percentage of pairs with an unknown word.

        Raises
        ------
        UserError
            The file is missing or damaged, or fewer than two pairs have vectors.

        Examples
        --------
        >>> pearson, spearman, oov_ratio = wv.evaluate_word_pairs("pairs.tsv")
        >>> spearman[0], oov_ratio
        (1.0, 25.0)
        """
        from w2v_core.evaluation.gensim_tuples import word_pairs_tuple

        return word_pairs_tuple(self, pairs, restrict_vocab, case_insensitive, dummy4unknown)

    def evaluate_word_analogies(
        self,
        analogies: Location,
        *,
        restrict_vocab: int | None = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[float, list[dict[str, str | list[tuple[str, str, str, str]]]]]:
        """Return the fraction of analogies that 3CosAdd answers, as gensim does.

        `w2v_core.evaluation.analogies` gives the same accuracy with an interval and the coverage.

        Parameters
        ----------
        analogies : str or path
            A file of `: section` lines and lines of four words, a URI, or the name of a set that an installed package
            ships.
        restrict_vocab : int or None
            Questions and answers come from this many most frequent words.
        case_insensitive : bool
            Whether case is ignored. The questions are returned in upper case then.
        dummy4unknown : bool
            Whether questions with an unknown word count as incorrect. Otherwise they are skipped.

        Returns
        -------
        score : float
            Correct answers by all answers, in [0, 1].
        sections : list of dict
            The keys are "section", "correct" and "incorrect"; the last is "Total accuracy".

        Raises
        ------
        UserError
            The file is missing or damaged, or no question has vectors.

        Examples
        --------
        >>> score, sections = wv.evaluate_word_analogies("questions.txt")
        >>> score, sections[0]["correct"]
        (1.0, [('MAN', 'KING', 'WOMAN', 'QUEEN')])
        """
        from w2v_core.evaluation.gensim_tuples import analogies_tuple

        return analogies_tuple(self, analogies, restrict_vocab, case_insensitive, dummy4unknown)
