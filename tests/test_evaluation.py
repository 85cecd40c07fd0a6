import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from w2v_core.errors import UserError
from w2v_core.evaluation import analogies, named_sets
from w2v_core.evaluation.analogies import (
    AnalogyScore,
    AnalogySection,
    evaluate_analogies,
    read_analogies,
    right_answers,
    score_analogies,
)
from w2v_core.evaluation.bootstrap import Resampling, accuracy_interval
from w2v_core.evaluation.named_sets import NAMED_SETS, NamedSet
from w2v_core.evaluation.word_pairs import (
    WordPair,
    WordPairsResult,
    evaluate_word_pairs,
    read_word_pairs,
    score_word_pairs,
    spearman,
)
from w2v_core.vectors import nearest
from w2v_core.vectors.word_vectors import WordVectors

EVAL_DATA = Path(__file__).parents[2] / "shared" / "data" / "eval"


def word_vectors(rows_by_word) -> WordVectors:
    counts = np.arange(len(rows_by_word), 0, -1, dtype=np.int64)
    return WordVectors(list(rows_by_word), counts, np.array(list(rows_by_word.values()), dtype=np.float32))


def written(folder: Path, text: str, encoding: str = "utf-8") -> str:
    path = folder / "questions.txt"
    path.write_bytes(text.encode(encoding))
    return str(path)


def gensim_models():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("gensim.models", reason="the oracle is not installed")


def gensim_vectors(ours: WordVectors):
    theirs = gensim_models().KeyedVectors(ours.vectors.shape[1])
    theirs.add_vectors(ours.tokens, ours.vectors)
    return theirs


# Cosines with 해: 달 0.8, 별 0.6, 돌 0, Sun -1.
SKY = word_vectors({"해": [1, 0], "달": [8, 6], "별": [3, 4], "돌": [0, 2], "Sun": [-5, 0]})

# The third number marks the capital; the first two tell the countries apart.
CAPITALS = word_vectors(
    {
        "한국": [1, 0, 0],
        "서울": [1, 0, 1],
        "일본": [0, 1, 0],
        "도쿄": [0, 1, 1],
        "France": [-1, 0, 0],
        "Paris": [-1, 0, 1],
        "돌": [0, 0, -1],
    }
)


# --- reading files ---


@pytest.mark.parametrize(
    "text",
    [
        "해\t달\t9.5\n별\t돌\t2\n",
        "해,달,9.5\n별 , 돌 , 2 \n",
        "해 달 9.5\n별   돌  2",
        "word 1,word 2,score\n해,달,9.5\n별,돌,2\n",
        "word1\tword2\tscore\n해\t달\t9.5\n별\t돌\t2\n",
        "\ufeff해,달,9.5\r\n별,돌,2\r\n",
        "\ufeff# 해 달 1\n\nw1 w2 s\n해 달 9.5\n \t\n#\n별 돌 2\n",
    ],
    ids=["tabs", "commas", "spaces", "comma header", "tab header", "BOM and CRLF", "comments and blanks"],
)
def test_every_separator_and_header_gives_the_same_pairs(tmp_path, text):
    pairs = read_word_pairs(written(tmp_path, text))
    assert pairs == [WordPair("해", "달", 9.5), WordPair("별", "돌", 2.0)]


def test_a_tab_keeps_the_commas_and_spaces_within_a_word(tmp_path):
    path = written(tmp_path, "New York\t1,000\t3\na\u2028b\tc\u00a0\t1e1\n")
    assert read_word_pairs(path) == [
        WordPair("New York", "1,000", 3.0),
        WordPair("a\u2028b", "c", 10.0),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b 1\na b\n", "line 2: expected two words and a number"),
        ("# note\n\na b 1\n\na b c 1\n", "line 5: .* got ['a', 'b', 'c', '1']"),
        ("a,b,1\nw1,w2,score\n", "line 2: expected"),
        ("a b 1\na b nan\n", "line 2: expected"),
        ("a b 1\na b inf\n", "line 2: expected"),
        ("a\tb\t1\na\t\t1\n", "line 2: expected"),
        ("a b\na b 1\n", "line 1: expected"),
    ],
)
def test_a_malformed_pair_is_named_by_its_line(tmp_path, text, message):
    pattern = re.escape(message).replace(r"\.\*", ".*")
    with pytest.raises(UserError, match=rf"questions\.txt, {pattern}"):
        read_word_pairs(written(tmp_path, text))


def test_a_line_that_is_wrong_is_not_told_whole(tmp_path):
    path = written(tmp_path, "long" * 100_000)
    for read in (read_word_pairs, read_analogies):
        with pytest.raises(UserError, match="line 1: expected") as caught:
            read(path)
        assert len(str(caught.value)) < 600


def test_sections_and_their_questions_are_read(tmp_path):
    text = "\ufeffa b c d\n\n: 수도 나라\r\n서울 한국\t도쿄  일본\n:gram1\n: gram1\ne f g h\n"
    assert read_analogies(written(tmp_path, text)) == [
        AnalogySection("", (("a", "b", "c", "d"),)),
        AnalogySection("수도 나라", (("서울", "한국", "도쿄", "일본"),)),
        AnalogySection("gram1", ()),
        AnalogySection("gram1", (("e", "f", "g", "h"),)),
    ]


@pytest.mark.parametrize(("text", "number"), [("a b c\n", 1), (": x\n\na b c d\na b c d e\n", 4)])
def test_a_malformed_analogy_is_named_by_its_line(tmp_path, text, number):
    with pytest.raises(UserError, match=rf"questions\.txt, line {number}: expected four words"):
        read_analogies(written(tmp_path, text))


@pytest.mark.parametrize("read", [read_word_pairs, read_analogies])
class TestUnreadableFiles:
    def test_missing(self, tmp_path, read):
        with pytest.raises(UserError, match=r"gone\.txt .*No such file"):
            read(str(tmp_path / "gone.txt"))

    def test_a_folder(self, tmp_path, read):
        with pytest.raises(UserError, match="cannot be read"):
            read(str(tmp_path))

    @pytest.mark.parametrize("text", ["", "\ufeff", "\n \t\n"])
    def test_empty(self, tmp_path, read, text):
        with pytest.raises(UserError, match=r"questions\.txt is empty"):
            read(written(tmp_path, text))

    @pytest.mark.parametrize("encoding", ["cp949", "utf-16"])
    def test_another_encoding(self, tmp_path, read, encoding):
        with pytest.raises(UserError, match=r"questions\.txt .*UTF-8.*byte 0"):
            read(written(tmp_path, "해 달 1", encoding))


@pytest.mark.parametrize("text", ["# only a note\n", "word1,word2,score\n"])
def test_a_file_without_pairs_is_refused(tmp_path, text):
    with pytest.raises(UserError, match=r"questions\.txt: expected lines of two words and a score"):
        read_word_pairs(written(tmp_path, text))


def test_a_file_without_analogies_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"questions\.txt: expected lines of four words"):
        read_analogies(written(tmp_path, ": capitals\n"))


@pytest.mark.parametrize(
    ("name", "num_pairs", "first"),
    [
        ("wordsim353-ko.csv", 353, WordPair("사랑", "섹스", 6.42)),
        ("wordsim353.tsv", 353, WordPair("love", "sex", 6.77)),
        ("simlex999.tsv", 999, WordPair("old", "new", 1.58)),
        ("men3000.tsv", 3000, WordPair("sun", "sunlight", 50)),
    ],
)
def test_published_similarity_files_are_read(name, num_pairs, first):
    if not EVAL_DATA.is_dir():
        pytest.skip(f"{EVAL_DATA} is not here")
    pairs = read_word_pairs(str(EVAL_DATA / name))
    assert (len(pairs), pairs[0]) == (num_pairs, first)


def test_the_published_analogy_file_is_read():
    if not EVAL_DATA.is_dir():
        pytest.skip(f"{EVAL_DATA} is not here")
    sections = read_analogies(str(EVAL_DATA / "questions-words.txt"))
    assert len(sections) == 14
    assert sections[0].name == "capital-common-countries"
    assert sum(len(section.questions) for section in sections) == 19544


# --- sets by name ---


@pytest.mark.parametrize("name", NAMED_SETS)
def test_a_named_set_is_the_file_that_the_package_ships(name):
    pytest.importorskip("gensim", reason="the package that ships the sets is not installed")
    if not EVAL_DATA.is_dir():
        pytest.skip(f"{EVAL_DATA} is not here")
    (path,) = EVAL_DATA.glob(f"{name}.*")
    read = {"similarity": read_word_pairs, "analogies": read_analogies}[NAMED_SETS[name].kind]
    assert read(name) == read(str(path))


def test_finding_a_named_set_does_not_import_its_package():
    code = "import sys; from w2v_core.evaluation.word_pairs import read_word_pairs as r; r('wordsim353'); "
    code += "sys.exit('gensim' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_name_is_told_the_known_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="wordsim535: expected .*wordsim353, simlex999\\."):
        read_word_pairs("wordsim535")
    with pytest.raises(UserError, match="expected a file of `a b c d` lines .*questions-words"):
        read_analogies("google")


def test_a_file_without_an_ending_is_no_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine").write_text("해 달 1\n", encoding="utf-8")
    Path("wordsim353").write_text("해 달 2\n", encoding="utf-8")
    assert read_word_pairs("mine") == [WordPair("해", "달", 1.0)]
    assert read_word_pairs("./wordsim353") == [WordPair("해", "달", 2.0)]


def test_a_set_of_the_other_kind_is_told():
    with pytest.raises(UserError, match="questions-words .*--analogies.* --similarity"):
        read_word_pairs("questions-words")


@pytest.mark.parametrize(
    ("package", "message"),
    [
        (
            "no_such_package",
            "no_such_package, which ships it, is not installed. Run `pip install no_such_package`",
        ),
        ("numpy", "is missing"),
    ],
)
def test_a_set_whose_package_lacks_it_names_the_way_out(monkeypatch, package, message):
    monkeypatch.setitem(named_sets.NAMED_SETS, "pairs", NamedSet("similarity", package, "test/pairs.tsv"))
    with pytest.raises(UserError, match=message):
        read_word_pairs("pairs")


# --- similarity ---


def test_spearman_over_the_covered_pairs_with_the_coverage(tmp_path):
    # Ranks of people 4 3 1 2, of the cosines 0.8 0.6 0 -1: 4 3 2 1; 1 - 6 * (1 + 1) / (4 * 15) = 0.8.
    path = written(tmp_path, "해 달 9\n해 별 8\n해 돌 1\n해 SUN 2\n해 구름 5\n")
    result = evaluate_word_pairs(SKY, path)
    assert (result.pairs, result.covered, result.coverage) == (5, 4, 0.8)
    assert result.spearman == pytest.approx(0.8)
    assert json.loads(json.dumps(result.to_dict())) == {
        "spearman": result.spearman,
        "pairs": 5,
        "covered": 4,
        "coverage": 0.8,
        "interval": list(result.interval),
    }


def test_case_counts_where_asked():
    pairs = [WordPair("해", "SUN", 1), WordPair("해", "Sun", 2), WordPair("해", "달", 3)]
    assert score_word_pairs(SKY, pairs, case_insensitive=False).covered == 2
    assert score_word_pairs(SKY, pairs, case_insensitive=True).covered == 3


def test_the_most_frequent_spelling_gives_the_vector():
    wv = word_vectors({"us": [1, 0], "US": [0, 1], "we": [1, 0], "off": [0, 1]})
    pairs = [WordPair("US", "we", 2), WordPair("US", "off", 1)]
    assert score_word_pairs(wv, pairs, case_insensitive=True).spearman == pytest.approx(1)
    assert score_word_pairs(wv, pairs, case_insensitive=False).spearman == pytest.approx(-1)


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [WordPair("해", "구름", 1), WordPair("비", "달", 2)],
        [WordPair("해", "달", 1)],
        [WordPair("해", "달", 4), WordPair("해", "별", 4)],
        [WordPair("해", "달", 1), WordPair("달", "해", 2)],
    ],
    ids=["no pair", "none covered", "one covered", "people agree on all", "equal cosines"],
)
def test_spearman_is_none_where_it_is_not_defined(pairs):
    result = score_word_pairs(SKY, pairs)
    assert (result.spearman, result.interval) == (None, None)


@pytest.mark.filterwarnings("error")
def test_scores_whose_difference_overflows_have_ranks():
    pairs = [WordPair("해", "달", 1e308), WordPair("해", "별", -1e308), WordPair("달", "별", 0)]
    assert score_word_pairs(SKY, pairs).spearman is not None


def test_coverage_of_nothing_is_none():
    assert WordPairsResult(None, 0, 0).coverage is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=30))
def test_spearman_is_the_correlation_of_the_mean_ranks(scores):
    x_P, y_P = np.array(scores, dtype=float).T
    found = spearman(x_P, y_P)
    if len(set(x_P)) == 1 or len(set(y_P)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(np.corrcoef(rankdata(x_P), rankdata(y_P))[0, 1], abs=1e-9)


# --- analogies ---


def section(*questions: str, name: str = "") -> AnalogySection:
    return AnalogySection(name, tuple(tuple(question.split()) for question in questions))


def test_analogies_are_scored_by_section_and_over_all(tmp_path):
    text = ": 수도\n한국 서울 일본 도쿄\n한국 서울 일본 돌\n한국 서울 독일 베를린\n"
    text += ": capitals\nfrance paris 한국 서울\n: none\n"
    result = evaluate_analogies(CAPITALS, written(tmp_path, text))
    assert dict(result.sections) == {
        "수도": AnalogyScore(correct=1, covered=2, total=3),
        "capitals": AnalogyScore(correct=1, covered=1, total=1),
        "none": AnalogyScore(correct=0, covered=0, total=0),
    }
    assert result.overall == AnalogyScore(correct=2, covered=3, total=4)
    document = json.loads(json.dumps(result.to_dict()))
    assert document["accuracy"] == pytest.approx(2 / 3)
    assert document["interval"] == list(accuracy_interval(2, 3, Resampling()))
    assert document["coverage"] == 0.75
    assert document["sections"][2] == {
        "name": "none",
        "correct": 0,
        "covered": 0,
        "total": 0,
        "accuracy": None,
        "coverage": None,
        "interval": None,
    }


def test_the_question_words_are_never_the_answer():
    # b - a + c is nearest to b itself; without a, b and c only d is left.
    wv = word_vectors({"a": [0, 1], "b": [1, 0.1], "c": [0.5, 0.9], "d": [-1, 0]})
    assert score_analogies(wv, [section("a b c d")]).overall.correct == 1
    assert score_analogies(wv, [section("a b c b", "a b c a", "a b c c")]).overall.correct == 0


def test_with_three_words_there_is_no_answer():
    wv = word_vectors({"a": [0, 1], "b": [1, 0], "c": [1, 1]})
    questions = section("a b c a", "b a c b", "c a b c")
    assert score_analogies(wv, [questions]).overall == AnalogyScore(correct=0, covered=3, total=3)


def test_vectors_are_compared_at_unit_length():
    # Raw, b - a + c = (-1.9, 9); at unit length it is (-1, 1) + (0.6, 0.8) = (-0.4, 1.8): d, not e.
    wv = word_vectors({"a": [2.5, 0], "b": [0, 1], "c": [6, 8], "d": [-2, 9], "e": [35, 90]})
    assert score_analogies(wv, [section("a b c d")]).overall.correct == 1


def test_restrict_vocab_limits_questions_and_answers():
    questions = [section("한국 서울 일본 도쿄", "France Paris 한국 서울")]
    assert score_analogies(CAPITALS, questions).overall == AnalogyScore(2, 2, 2)
    assert score_analogies(CAPITALS, questions, restrict_vocab=4).overall == AnalogyScore(1, 1, 2)
    assert score_analogies(CAPITALS, questions, restrict_vocab=3).overall == AnalogyScore(0, 0, 2)
    # The rarest word is the nearest to b - a + c: it is in the way only while it may answer.
    wv = word_vectors({"a": [1, 0], "b": [0, 1], "c": [1, 0.1], "d": [0.3, 1], "nearer": [0.1, 1.1]})
    assert score_analogies(wv, [section("a b c d")]).overall.correct == 0
    assert score_analogies(wv, [section("a b c d")], restrict_vocab=4).overall.correct == 1


def test_restrict_vocab_below_one_is_refused():
    with pytest.raises(UserError, match="restrict_vocab = 0: .*1"):
        score_analogies(CAPITALS, [section("한국 서울 일본 도쿄")], restrict_vocab=0)


def test_case_is_folded_where_asked_and_the_most_frequent_spelling_answers():
    # unit(B) - a + c = (-0.29, 0.71, 1): the rare b lies on it and d beside it; the rare D points away.
    rows = {"a": [1, 0, 0], "B": [1, 1, 0], "c": [0, 0, 1], "d": [0, 0.9, 1]}
    wv = word_vectors({**rows, "D": [0, -1, 0], "b": [-0.29, 0.71, 1]})
    assert score_analogies(wv, [section("A B C D")]).overall == AnalogyScore(1, 1, 1)
    assert score_analogies(wv, [section("A B C D")], case_insensitive=False).overall == AnalogyScore(0, 0, 1)
    assert score_analogies(wv, [section("a B c d")], case_insensitive=False).overall == AnalogyScore(0, 1, 1)


def test_zero_vectors_answer_nothing_and_warn_of_nothing():
    wv = word_vectors({"a": [0, 0], "b": [0, 0], "c": [1, 0], "d": [1, 0.1], "e": [0, 0]})
    assert score_analogies(wv, [section("a b c d")]).overall.correct == 1


def slow_answer(unit_RD, question) -> bool:
    a, b, c, d = question
    cosine_R = unit_RD @ (unit_RD[b] - unit_RD[a] + unit_RD[c])
    cosine_R[[a, b, c]] = -np.inf
    return bool(np.argmax(cosine_R) == d)


@pytest.mark.parametrize(("batch", "block"), [(1, 1), (7, 5), (512, 8192)])
def test_batches_and_blocks_answer_as_the_loop_does(monkeypatch, batch, block):
    monkeypatch.setattr(analogies, "BATCH_QUESTIONS", batch)
    monkeypatch.setattr(nearest, "BLOCK_SCORES", block * batch)
    rng = np.random.default_rng(0)
    unit_RD = rng.normal(size=(12, 3)).astype(np.float32)
    unit_RD /= np.linalg.norm(unit_RD, axis=1, keepdims=True)
    question_Q4 = rng.integers(0, 12, size=(200, 4))
    right_Q = right_answers(unit_RD, question_Q4)
    assert right_Q.tolist() == [slow_answer(unit_RD, question) for question in question_Q4]
    assert 5 < right_Q.sum() < 50


def test_no_section_scores_nothing():
    result = score_analogies(CAPITALS, [])
    assert result.overall == AnalogyScore(0, 0, 0)
    assert result.overall.accuracy is None


# --- gensim ---


def random_vectors() -> WordVectors:
    rng = np.random.default_rng(1)
    return word_vectors({f"단어w{word_id}": rng.normal(size=3) for word_id in range(30)})


def test_analogies_are_gensims(tmp_path):
    ours = random_vectors()
    picks = np.random.default_rng(2).integers(0, 30, size=(400, 4))
    lines = [" ".join(f"단어{'W' if word % 5 == 0 else 'w'}{word}" for word in pick) for pick in picks]
    path = written(tmp_path, ": 하나\n" + "\n".join(lines[:150]) + "\n: 둘\n" + "\n".join(lines[150:]) + "\n")
    for case_insensitive in (True, False):
        _, expected = gensim_vectors(ours).evaluate_word_analogies(path, 20, case_insensitive)
        found = evaluate_analogies(ours, path, restrict_vocab=20, case_insensitive=case_insensitive)
        # gensim's last section is the sum.
        theirs = {
            s["section"]: (len(s["correct"]), len(s["correct"]) + len(s["incorrect"])) for s in expected
        }
        assert {name: (score.correct, score.covered) for name, score in found.sections} == {
            name: theirs[name] for name in ("하나", "둘")
        }
        assert (found.overall.correct, found.overall.covered) == theirs["Total accuracy"]
        assert found.overall.correct > 0


def test_similarity_is_gensims(tmp_path):
    ours = random_vectors()
    rng = np.random.default_rng(3)
    lines = [f"단어W{a}\t단어w{b}\t{a * b % 7}" for a, b in rng.integers(0, 35, size=(60, 2))]
    path = written(tmp_path, "\n".join(lines))
    _, expected, oov_percent = gensim_vectors(ours).evaluate_word_pairs(path)
    found = evaluate_word_pairs(ours, path)
    assert found.spearman == pytest.approx(expected.statistic, abs=1e-9)
    assert 100 * (1 - found.coverage) == pytest.approx(oov_percent)
    assert 0 < oov_percent < 100
