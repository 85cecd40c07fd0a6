"""How good are the vectors? Two kinds of question that people have answered before.

    similarity file ──read_word_pairs──▶ pairs ────score_word_pairs──▶ Spearman, interval, coverage
    analogy file ────read_analogies────▶ sections ──score_analogies──▶ accuracy, interval, coverage by section

`bootstrap` makes the intervals, `named_sets` finds sets that packages ship, and `alignment` and `comparison` set two
trainings side by side.

A word without a vector is nobody's mistake: its question is left out of the score and lowers the coverage,
so the two are always read together.

    from w2v_core import WordVectors
    from w2v_core.evaluation.word_pairs import evaluate_word_pairs

    vectors = WordVectors.load("my-run/vectors")
    evaluate_word_pairs(vectors, "wordsim353.tsv").to_dict()
"""
