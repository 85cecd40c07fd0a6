"""The words most similar to others, by two rules.

Sources
    cosine of the mean of unit vectors, and 3CosAdd: Mikolov, Yih, Zweig 2013, "Linguistic Regularities in
    Continuous Space Word Representations", section 4; 3CosMul: Levy, Goldberg 2014, "Linguistic Regularities in Sparse
    and Explicit Word Representations", equation 4; names and behaviour as in gensim's KeyedVectors.
"""

from collections.abc import Sequence
from typing import overload

import numpy as np

from w2v_core.errors import UserError
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.arguments import reject_text, require_positive, require_topn
from w2v_core.vectors.distances import WordDistances
from w2v_core.vectors.nearest import (
    Candidates,
    Rows,
    Score,
    all_cosines,
    all_scores,
    best_rows,
    clip_cosines,
    comparable,
    scale_to_unit,
    top_k,
)
from w2v_core.vectors.terms import Terms, split_weights, term_rows, without_direction

BATCH_QUESTIONS = 1024
"""Questions answered in one pass over the table."""

Answers = list[tuple[str, float]]

_EPSILON = np.float32(1e-6)  # Levy and Goldberg's, against a division by 0


class SimilarWords(WordDistances):
    """Queries for the most similar words."""

    @overload
    def most_similar(
        self,
        positive: Terms = ...,
        negative: Terms = ...,
        topn: int = ...,
        *,
        clip_start: int = ...,
        clip_end: int | None = ...,
        restrict_vocab: int | None = ...,
    ) -> Answers: ...

    @overload
    def most_similar(
        self,
        positive: Terms = ...,
        negative: Terms = ...,
        *,
        topn: None,
        clip_start: int = ...,
        clip_end: int | None = ...,
        restrict_vocab: int | None = ...,
    ) -> Float32Array: ...

    def most_similar(
        self,
        positive: Terms = (),
        negative: Terms = (),
        topn: int | None = 10,
        *,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
    ) -> Answers | Float32Array:
        """Return the words w of largest cos(w, sum(weight * unit(term))), best first.

        Parameters
        ----------
        positive, negative : str, array (D,), pair (term, weight), or sequence of these
            The terms of the question. Words count at length 1, vectors at their own length. The weight is 1 for a
            positive term and -1 for a negative one, unless a pair has another, which is used with its own sign.
        topn : int or None
            The number of answers. None returns the cosine of every row that may answer, in order of id.
        clip_start, clip_end : int, optional
            Answer only from the rows `clip_start` to `clip_end` - 1.
        restrict_vocab : int, optional
            Answer only from this many most frequent words; the question may use any.

        Returns
        -------
        list of (str, float), or array (M,) float32
            The words of the question are never answers, so that a small vocabulary gives fewer than `topn`.

        Raises
        ------
        UnknownWordError
            A word has no vector.
        UserError
            The question has no terms or adds up to a zero vector. A vector has another length or is not finite. `topn`
            or `restrict_vocab` is below 1, or no row is between `clip_start` and `clip_end`.

        Examples
        --------
        >>> [(word, round(score, 2)) for word, score in wv.most_similar("king", topn=2)]
        [('man', 0.6), ('queen', 0.28)]
        >>> wv.most_similar(["king", "woman"], ["man"], topn=1)[0][0]
        'queen'
        >>> wv.most_similar([("king", 0.5), "queen"], topn=1)[0][0]
        'woman'
        >>> wv.most_similar("king", topn=None).round(2)
        array([ 1.  ,  0.28,  0.6 , -0.6 ], dtype=float32)
        """
        require_positive("topn", topn)
        rows = self._candidates(clip_start, clip_end, restrict_vocab)
        question = self.question(positive, negative)
        if topn is None:
            return all_cosines(self.vectors, question[0], self.norms, rows)
        return self._nearest([question], topn, rows)[0]

    def most_similar_batch(
        self,
        positive: Sequence[Terms],
        negative: Sequence[Terms] | None = None,
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[Answers]:
        """Return `most_similar` of many questions in one pass over the table: answer i for positive[i] and negative[i].

        A thousand questions take a tenth of the time of single calls. Raises as `most_similar`, and for `topn` None.

        Examples
        --------
        >>> [answers[0][0] for answers in wv.most_similar_batch(["king", "woman"], topn=1)]
        ['man', 'queen']
        """
        reject_text("most_similar_batch", positive)
        require_topn(topn)
        rows = self._candidates(restrict_vocab=restrict_vocab)
        negative = [()] * len(positive) if negative is None else negative
        questions = [self.question(*question) for question in zip(positive, negative, strict=True)]
        answers: list[Answers] = []
        for begin in range(0, len(questions), BATCH_QUESTIONS):
            answers += self._nearest(questions[begin : begin + BATCH_QUESTIONS], topn, rows)
        return answers

    @overload
    def most_similar_cosmul(
        self,
        positive: Terms = ...,
        negative: Terms = ...,
        topn: int = ...,
        restrict_vocab: int | None = ...,
    ) -> Answers: ...

    @overload
    def most_similar_cosmul(
        self, positive: Terms = ..., negative: Terms = ..., *, topn: None, restrict_vocab: int | None = ...
    ) -> Float32Array: ...

    def most_similar_cosmul(
        self,
        positive: Terms = (),
        negative: Terms = (),
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Answers | Float32Array:
        """Return the words w of largest 3CosMul, best first.

        3CosMul is prod (1 + cos(w, p)) / 2 over prod (1 + cos(w, n)) / 2 + 1e-6: Levy, Goldberg 2014, equation 4.
        Words and vectors count at length 1, at least one positive term is required, and terms have no weights.
        Otherwise as `most_similar`, including `restrict_vocab`, which gensim ignores here.

        Examples
        --------
        >>> wv.most_similar_cosmul(["king", "woman"], ["man"], topn=1)[0][0]
        'queen'
        """
        require_positive("topn", topn)
        rows = self._candidates(restrict_vocab=restrict_vocab)
        positive_TD, positive_ids = term_rows(self, positive)
        negative_TD, negative_ids = term_rows(self, negative)
        if len(positive_TD) == 0:
            raise UserError("3CosMul requires a positive word or vector; give at least one")
        terms_TD = np.concatenate([positive_TD, negative_TD])
        if not terms_TD.any():
            raise without_direction(positive, negative)
        scale_to_unit(terms_TD)
        score = self._cosmul(terms_TD, len(positive_TD))
        if topn is None:
            return all_scores(score, rows)
        ids_1X = np.concatenate([positive_ids, negative_ids])[None]
        ids_1K, score_1K = best_rows(score, 1, rows, topn, ids_1X)
        return self._to_answers(ids_1K[0], score_1K[0])

    def question(self, positive: Terms, negative: Terms = ()) -> tuple[Float32Array, Int64Array]:
        """Return the direction of a question, (D,) at length 1, and the ids of its words. Raises as `most_similar`.

        Examples
        --------
        >>> wv.question("king")
        (array([0.6, 0.8], dtype=float32), array([0]))
        """
        positive_BD, positive_ids = self._weighted_rows(positive, 1)
        negative_BD, negative_ids = self._weighted_rows(negative, -1)
        if len(positive_BD) + len(negative_BD) == 0:
            raise UserError("a question needs words: give at least one positive or negative word")
        query_1D = (positive_BD.sum(axis=0) + negative_BD.sum(axis=0))[None]
        if not query_1D.any():
            raise without_direction(positive, negative)
        scale_to_unit(query_1D)
        return query_1D[0], np.concatenate([positive_ids, negative_ids])

    def _weighted_rows(self, terms: Terms, weight: float) -> tuple[Float32Array, Int64Array]:
        """Return weight * vector of each term, (B, D), and the ids of the words among them."""
        unweighted, weight_B = split_weights(terms, weight)
        rows_BD, ids = term_rows(self, unweighted)
        rows_BD *= weight_B[:, None]
        return rows_BD, ids

    def _cosmul(self, terms_TD: Float32Array, num_positive: int) -> Score:
        """Return the function of rows that scores them by 3CosMul with unit vectors, the positive ones first."""

        def score(rows: Rows) -> Float32Array:
            rows_ND, divisors_N = comparable(self.vectors[rows], self.norms[rows])
            half_TN = (1 + clip_cosines(terms_TD @ rows_ND.T / divisors_N)) / 2
            closeness_N = half_TN[:num_positive].prod(axis=0)
            score_N: Float32Array = closeness_N / (half_TN[num_positive:].prod(axis=0) + _EPSILON)
            return score_N[None]

        return score

    def _nearest(
        self, questions: Sequence[tuple[Float32Array, Int64Array]], topn: int, rows_M: Candidates
    ) -> list[Answers]:
        query_BD = np.stack([query_D for query_D, _ in questions])
        excluded_BX = np.full((len(questions), max(len(ids) for _, ids in questions)), -1, dtype=np.int64)
        for row, (_, ids) in enumerate(questions):
            excluded_BX[row, : len(ids)] = ids
        ids_BK, score_BK = top_k(self.vectors, query_BD, topn, excluded_BX, self.norms, rows_M, True)
        return [self._to_answers(*answer) for answer in zip(ids_BK, score_BK, strict=True)]

    def _candidates(
        self, clip_start: int = 0, clip_end: int | None = None, restrict_vocab: int | None = None
    ) -> Candidates:
        """Return the rows that may answer. Raises UserError where there are none."""
        require_positive("restrict_vocab", restrict_vocab)
        is_clipped = (clip_start, clip_end) != (0, None)
        if is_clipped and restrict_vocab is not None:
            raise UserError(
                f"restrict_vocab = {restrict_vocab} does not go with clip_start and clip_end; give either"
            )
        if not is_clipped:
            return self._answering(restrict_vocab)
        end = len(self) if clip_end is None else min(clip_end, len(self))
        if not 0 <= clip_start < end:
            raise UserError(
                f"clip_start = {clip_start}, clip_end = {clip_end}: expected 0 <= clip_start < clip_end and clip_start "
                f"< {len(self)}, the number of words. Correct them."
            )
        return range(clip_start, end)

    def _answering(self, restrict_vocab: int | None) -> Int64Array | int:
        """Return the rows of the most frequent words, ascending; their number if they are the first rows."""
        num_rows = len(self) if restrict_vocab is None else min(restrict_vocab, len(self))
        if self._order_V is None or num_rows == len(self):
            return num_rows
        return np.sort(self._order_V[:num_rows])

    def _to_answers(self, ids_K: Int64Array, score_K: Float32Array) -> Answers:
        answers = zip(ids_K.tolist(), score_K.tolist(), strict=True)
        return [(self.tokens[word_id], score) for word_id, score in answers if score > -np.inf]
