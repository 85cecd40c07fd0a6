"""Shorter ways to ask for similar words."""

from typing import overload

from w2v_core.errors import UserError
from w2v_core.types import Float32Array
from w2v_core.vectors.arguments import require_topn
from w2v_core.vectors.similar_words import Answers, SimilarWords
from w2v_core.vectors.terms import Term

ANALOGY_METHODS = ("3cosadd", "3cosmul")


class SimilarBy(SimilarWords):
    """Queries that are a `most_similar` of one term, of an analogy, or of a pair."""

    @overload
    def similar_by_key(self, key: str, topn: int = ..., restrict_vocab: int | None = ...) -> Answers: ...

    @overload
    def similar_by_key(self, key: str, topn: None, restrict_vocab: int | None = ...) -> Float32Array: ...

    def similar_by_key(
        self, key: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Answers | Float32Array:
        """Return the words most similar to a word; see `most_similar`.

        Examples
        --------
        >>> wv.similar_by_key("woman", topn=1)[0][0]
        'queen'
        """
        return self._most_similar_to(key, topn, restrict_vocab)

    @overload
    def similar_by_word(self, word: str, topn: int = ..., restrict_vocab: int | None = ...) -> Answers: ...

    @overload
    def similar_by_word(self, word: str, topn: None, restrict_vocab: int | None = ...) -> Float32Array: ...

    def similar_by_word(
        self, word: str, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Answers | Float32Array:
        """Return the words most similar to a word; see `most_similar`.

        Examples
        --------
        >>> wv.similar_by_word("woman", topn=1)[0][0]
        'queen'
        """
        return self._most_similar_to(word, topn, restrict_vocab)

    @overload
    def similar_by_vector(
        self, vector: Float32Array, topn: int = ..., restrict_vocab: int | None = ...
    ) -> Answers: ...

    @overload
    def similar_by_vector(
        self, vector: Float32Array, topn: None, restrict_vocab: int | None = ...
    ) -> Float32Array: ...

    def similar_by_vector(
        self, vector: Float32Array, topn: int | None = 10, restrict_vocab: int | None = None
    ) -> Answers | Float32Array:
        """Return the words most similar to a vector (D,); see `most_similar`.

        Examples
        --------
        >>> wv.similar_by_vector(np.array([0, 1]), topn=2)[1][0]
        'queen'
        """
        return self._most_similar_to(vector, topn, restrict_vocab)

    def _most_similar_to(
        self, term: Term, topn: int | None, restrict_vocab: int | None
    ) -> Answers | Float32Array:
        if topn is None:
            return self.most_similar([term], topn=None, restrict_vocab=restrict_vocab)
        return self.most_similar([term], topn=topn, restrict_vocab=restrict_vocab)

    def analogy(
        self,
        a: str,
        b: str,
        c: str,
        topn: int = 10,
        restrict_vocab: int | None = None,
        method: str = "3cosadd",
    ) -> Answers:
        """Return the answers to a : b :: c : ?, best first.

        Parameters
        ----------
        a, b, c : str
            The words of the question.
        topn : int
            The number of answers.
        restrict_vocab : int, optional
            Answer only from this many most frequent words.
        method : {"3cosadd", "3cosmul"}
            "3cosadd" for the words of largest cos(w, b - a + c), "3cosmul" for `most_similar_cosmul`.

        Raises
        ------
        UnknownWordError
            A word has no vector.
        UserError
            Another method, and as `most_similar`.

        Examples
        --------
        >>> wv.analogy("man", "king", "woman", topn=1)[0][0]
        'queen'
        """
        if method not in ANALOGY_METHODS:
            raise UserError(f"method = {method!r} is not known; choose one of {', '.join(ANALOGY_METHODS)}")
        require_topn(topn)
        if method == "3cosmul":
            return self.most_similar_cosmul([b, c], [a], topn, restrict_vocab)
        return self.most_similar([b, c], [a], topn, restrict_vocab=restrict_vocab)

    def relative_cosine_similarity(self, wa: str, wb: str, topn: int = 10) -> float:
        """Return cos(wa, wb) over the sum of the cosines of the `topn` words most similar to `wa`.

        Above 1 / `topn`, the words are more similar than an arbitrary pair of the neighborhood of `wa`: Leeuwenberg,
        Vela, Dehdari, van Genabith 2016, "A Minimally Supervised Approach for Synonym Extraction with Word
        Embeddings", equation 1.

        Raises
        ------
        UnknownWordError
            A word has no vector.
        UserError
            `topn` is below 1, the vocabulary has no other word, or the cosines add up to zero.

        Examples
        --------
        >>> round(wv.relative_cosine_similarity("king", "man", topn=2), 2)
        0.68
        """
        require_topn(topn)
        total = sum(score for _, score in self.most_similar(wa, topn=topn))
        if total == 0:
            raise UserError(
                f"the {topn} words most similar to {wa!r} have cosines of sum 0: expected another sum. Use similarity, "
                "or another topn."
            )
        return self.similarity(wa, wb) / total
