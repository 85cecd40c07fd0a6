"""Words in no order of counts, as in a vocabulary that was extended, answer as the same words by descending count."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.config import EvaluateConfig, ReportConfig, VocabConfig
from w2v_core.documents.weighting import weights_of_words
from w2v_core.errors import UserError
from w2v_core.evaluation.analogies import AnalogySection, analogy_outcomes
from w2v_core.evaluation.answers import words_apart
from w2v_core.evaluation.word_pairs import WordPair, pair_cosines
from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.report.corpus import vocabulary_section
from w2v_core.report.word_map import word_map
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import write_array, write_file
from w2v_core.vectors import nearest
from w2v_core.vectors.alignment import SharedWords
from w2v_core.vectors.formats.formats import FORMATS, export
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.nearest import by_count, row_norms, top_k
from w2v_core.vectors.word_vectors import UnknownWordError, WordVectors
from w2v_core.vocabulary.vocabulary import vocab_of

NUM_WORDS = 300
RNG = np.random.default_rng(11)
WORDS = [("Word" if (i + i // 2) % 2 else "word") + str(i // 2) for i in range(NUM_WORDS)]
COUNTS = 5 * np.arange(NUM_WORDS, 0, -1) ** 2
ROWS = RNG.normal(size=(NUM_WORDS, 12)).astype(np.float32)
SORTED = WordVectors(WORDS, COUNTS, ROWS)
ORDER = RNG.permutation(NUM_WORDS)
UNSORTED = WordVectors([WORDS[i] for i in ORDER], COUNTS[ORDER], ROWS[ORDER])
RESTRICTED = [None, 1, 2, 40, 299, 300, 1000]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(nearest, "GATHERED_ROWS", 7)


def alike(found, expected) -> None:
    assert [word for word, _ in found] == [word for word, _ in expected]
    np.testing.assert_allclose([score for _, score in found], [score for _, score in expected], atol=1e-6)


@pytest.mark.parametrize("restrict_vocab", RESTRICTED)
def test_questions_are_answered_from_the_most_frequent_words(restrict_vocab):
    questions = [WORDS[0], [WORDS[299], WORDS[5]], ROWS[3]]
    for topn in (1, 10, 500):
        options = {"topn": topn, "restrict_vocab": restrict_vocab}
        found = UNSORTED.most_similar_batch(questions, **options)
        for one, other in zip(found, SORTED.most_similar_batch(questions, **options), strict=True):
            alike(one, other)
        asked = ([WORDS[4], WORDS[250]], [WORDS[9]])
        alike(UNSORTED.most_similar_cosmul(*asked, **options), SORTED.most_similar_cosmul(*asked, **options))


@given(
    st.lists(st.integers(0, 20), unique=True, min_size=1, max_size=12).map(sorted),
    st.integers(1, 14),
    st.lists(st.integers(-1, 22), min_size=2, max_size=2),
)
def test_rows_that_may_answer_are_a_table_of_their_own(rows, k, excluded):
    query_BD, rows_R = ROWS[:2] / row_norms(ROWS[:2])[:, None], np.array(rows)
    ids_BK, score_BK = top_k(ROWS[:21], query_BD, k, np.array([excluded] * 2), row_norms(ROWS[:21]), rows_R)
    assert ids_BK.shape == (2, min(k, len(rows)))
    for query_D, ids_K, score_K in zip(query_BD, ids_BK.tolist(), score_BK, strict=True):
        cosine = {row: ROWS[row] @ query_D / np.linalg.norm(ROWS[row]) for row in rows if row not in excluded}
        expected = sorted(cosine, key=lambda row: -cosine[row])[:k]
        assert ids_K[: len(expected)] == expected
        assert set(ids_K) <= set(rows)
        np.testing.assert_allclose(score_K[: len(expected)], [cosine[row] for row in expected], atol=1e-6)
        assert (score_K[len(expected) :] == -np.inf).all()


def test_a_sorted_table_costs_no_order_and_no_copy():
    assert by_count(np.array([3, 2, 2, 1])) is None
    assert by_count(np.array([], np.int64)) is None
    assert by_count(np.array([2, 3, 2, 3])).tolist() == [1, 3, 0, 2]
    assert SORTED._answering(40) == 40
    assert UNSORTED._answering(None) == UNSORTED._answering(1000) == NUM_WORDS


def test_an_unknown_word_is_told_frequent_ones(monkeypatch):
    monkeypatch.setattr("w2v_core.vectors.word_ids.SPELLING_CANDIDATES", 20)
    told = []
    for vectors in (SORTED, UNSORTED):
        with pytest.raises(UnknownWordError) as fault:
            vectors.id_of("Word")
        told.append(str(fault.value))
    assert told[0] == told[1]


@pytest.mark.parametrize("case_insensitive", [True, False])
@pytest.mark.parametrize("restrict_vocab", RESTRICTED)
def test_evaluation_finds_the_same(case_insensitive, restrict_vocab):
    questions = [tuple(WORDS[i] for i in RNG.integers(0, NUM_WORDS, 4)) for _ in range(200)]
    # Answers that are right: the fourth word is the one that is found.
    questions += [
        (a, b, c, SORTED.analogy(a, b, c, 1, restrict_vocab)[0][0])
        for a, b, c, _ in questions[:50]
        if restrict_vocab not in (1, 2)
    ]
    options = {"case_insensitive": case_insensitive, "restrict_vocab": restrict_vocab}
    sections = [AnalogySection("", tuple(questions))]
    (found,), (expected,) = (analogy_outcomes(vectors, sections, **options) for vectors in (UNSORTED, SORTED))
    assert found.tolist() == expected.tolist()
    pairs = [WordPair(a, b.lower(), 1.0) for a, b, _, _ in questions]
    cosines = [
        pair_cosines(vectors, pairs, case_insensitive=case_insensitive) for vectors in (UNSORTED, SORTED)
    ]
    np.testing.assert_allclose(*cosines, atol=1e-6)


def test_runs_are_compared_by_their_most_frequent_shared_words():
    other = WordVectors([*WORDS[100:], "only"], COUNTS[:201], RNG.normal(size=(201, 12)).astype(np.float32))
    mixed = RNG.permutation(201)
    mixed_other = WordVectors([other.tokens[i] for i in mixed], other.counts[mixed], other.vectors[mixed])
    expected, found = SharedWords.of(SORTED, other), SharedWords.of(UNSORTED, mixed_other)
    for one, ids_S, other_ids_S in (
        (found, found.first_ids, found.second_ids),
        (found.top(30), found.first_ids[:30], found.second_ids[:30]),
    ):
        words = [SORTED.tokens[i] for i in expected.first_ids[: len(one)]]
        assert [UNSORTED.tokens[i] for i in ids_S] == [mixed_other.tokens[i] for i in other_ids_S] == words
    config = EvaluateConfig(overlap_words=50)
    assert words_apart(found, config)["neighbors"] == words_apart(expected, config)["neighbors"]


@pytest.mark.parametrize("words", [50, 300])
def test_the_report_shows_the_most_frequent_words(words):
    config = ReportConfig(words=words, neighbors=4)
    found, expected = word_map(UNSORTED, config), word_map(SORTED, config)
    assert found.tokens == expected.tokens
    for name in ("counts", "neighbors", "positions"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert str(vocabulary_section(UNSORTED.counts)) == str(vocabulary_section(SORTED.counts))


@pytest.mark.parametrize("limit", [None, 40])
@pytest.mark.parametrize("name", FORMATS)
def test_files_are_by_descending_count(tmp_path, monkeypatch, name, limit):
    monkeypatch.setattr("w2v_core.vectors.formats.table.BLOCK_ROWS", 7)
    words = pa.array([f"{word} \t\n" if i % 50 == 9 else word for i, word in enumerate(WORDS)])
    files: list[dict[str, bytes]] = []
    skipped = []
    for number, order in enumerate((np.arange(NUM_WORDS), ORDER)):
        folder = tmp_path / str(number)
        table = VectorTable(pa.chunked_array([words.take(pa.array(order))]), COUNTS[order], ROWS[order])
        done = export(table, name, str(folder if FORMATS[name].names else folder / "file"), limit=limit)
        skipped.append((done.skipped, done.num_skipped))
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert skipped[0] == skipped[1]
    if name != "parquet":
        assert files[0] == files[1]
        return
    tables = [pq.read_table(tmp_path / str(number) / "file") for number in range(2)]
    assert tables[0].drop("id").equals(tables[1].drop("id"))
    assert tables[1]["id"].to_pylist() == np.argsort(ORDER)[:limit].tolist()  # a word's own, in its run


def test_gensim_restricts_to_the_same_words(tmp_path):
    keyed_vectors = pytest.importorskip("gensim.models.keyedvectors")
    export(UNSORTED.table, "word2vec-text", str(tmp_path / "v.txt"))
    theirs = keyed_vectors.KeyedVectors.load_word2vec_format(str(tmp_path / "v.txt"))
    for word in (WORDS[0], WORDS[200]):
        expected = theirs.most_similar(word, topn=8, restrict_vocab=25)
        alike(UNSORTED.most_similar(word, topn=8, restrict_vocab=25), expected)


def test_an_export_reads_vectors_block_by_block(tmp_path, monkeypatch):
    monkeypatch.setattr("w2v_core.vectors.formats.table.BLOCK_ROWS", 7)
    most = 0

    class Watched(np.ndarray):
        def __getitem__(self, rows):
            nonlocal most
            found = super().__getitem__(rows)
            if isinstance(rows, np.ndarray):
                most = max(most, len(found))
            return found

    table = VectorTable(pa.chunked_array([UNSORTED.tokens]), UNSORTED.counts, UNSORTED.vectors.view(Watched))
    export(table, "word2vec-binary", str(tmp_path / "v.bin"))
    assert most == 7


def test_a_finished_training_is_opened(tmp_path):
    run = RunDir.create(str(tmp_path / "run"))
    table = vocab_of(pa.array(UNSORTED.tokens), UNSORTED.counts, VocabConfig())
    with run.rewrite("vectors") as stage_writer:
        files = [
            write_file(stage_writer, "vocab.parquet", table),
            write_array(stage_writer, "input.npy", UNSORTED.vectors),
        ]
        stage_writer.finish(config=VocabConfig(), inputs={}, files=files)
    opened = WordVectors.load(str(Path(run.location, "vectors")))
    assert opened.tokens == UNSORTED.tokens
    alike(opened.most_similar(WORDS[0], restrict_vocab=9), SORTED.most_similar(WORDS[0], restrict_vocab=9))


def test_noise_and_weights_go_with_the_word():
    counts = np.array([1, 90, 4, 5])
    ids = UnigramSampler(counts, 1.0).draw(100_000, np.random.default_rng(5))
    np.testing.assert_allclose(np.bincount(ids) / len(ids), counts / counts.sum(), atol=0.01)
    expected = weights_of_words("sif", COUNTS, 1e-3)[ORDER]
    np.testing.assert_array_equal(weights_of_words("sif", COUNTS[ORDER], 1e-3), expected)


def test_a_limit_below_one_is_still_refused():
    with pytest.raises(UserError, match="must be at least 1"):
        UNSORTED.most_similar(WORDS[0], restrict_vocab=0)
