"""The page about a run: what it holds, what acts on it, and when it is written again."""

import ast
import base64
import json
import math
import re
from hashlib import sha256
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from runs_by_hand import COMPARISON, HIT, HOSTILE, KOREAN, SCORES, made_run, page_of, score

from w2v_core import report
from w2v_core.config import Config, ReportConfig, load_config
from w2v_core.errors import UserError
from w2v_core.pipeline.evaluate import evaluate_vectors
from w2v_core.pipeline.report import check_report, write_report
from w2v_core.report.chart import Axis, Line, axis_label, chart
from w2v_core.report.escape import escape_control_chars
from w2v_core.report.markup import element, table
from w2v_core.report.projection import pca
from w2v_core.report.word_map import word_map
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.word_vectors import WordVectors


def random_vectors(num: int, size: int, seed: int = 5) -> WordVectors:
    rows = np.random.default_rng(seed).standard_normal((num, size)).astype(np.float32)
    return WordVectors([f"w{i}" for i in range(num)], np.arange(num, 0, -1), rows)


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory) -> RunDir:
    """Words, names and settings that would act if they could; Korean among them; scored."""
    words = [*HOSTILE, *KOREAN, *(f"word{i}" for i in range(40))]
    run = made_run(tmp_path_factory.mktemp("runs") / "<img src=x onerror=alert(1)>", words)
    score(run, evaluation=SCORES, comparison=COMPARISON)
    write_report(run, Config())
    return run


class Seen(HTMLParser):
    """Elements and attributes of a page, and the text of its scripts and styles."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.visible: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        if self.cdata_elem:
            self.raw[self.cdata_elem].append(data)
        else:
            self.visible.append(data)


def test_nothing_of_a_run_becomes_markup(hostile_run):
    seen = Seen(page_of(hostile_run).read_text(encoding="utf-8"))
    assert seen.tags.count("script") == 2
    assert {"img", "b", "i", "u"}.isdisjoint(seen.tags)
    assert [name for name, _ in seen.attributes if name.startswith("on") or name == "style"] == []
    text = "".join(seen.visible)
    assert all(
        part in text for part in ("<img src=x onerror=alert(1)>", f"<b onclick={HIT}>.tsv", "<i onmouseover")
    )
    data = json.loads(seen.raw["script"][0])
    assert data["words"][: len(HOSTILE) - 1] == [
        *HOSTILE[:5],
        "line\\u2028separator",
        "nul\\x00byte",
        "turned\\u202eround",
    ]
    assert data["words"][len(HOSTILE) - 1] == ("long" * 30) + "…"
    assert data["words"][len(HOSTILE) :][:4] == KOREAN


def test_only_the_pages_own_program_and_style_may_run_and_nothing_is_fetched(hostile_run):
    text = page_of(hostile_run).read_text(encoding="utf-8")
    seen = Seen(text)
    policy = next(value for name, value in seen.attributes if name == "content" and "default-src" in value)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    program, style = seen.raw["script"][1], seen.raw["style"][0]
    for kind, part in (("script", program), ("style", style)):
        digest = base64.b64encode(sha256(part.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    outward = [
        value
        for name, value in seen.attributes
        if name in ("src", "href") and not value.startswith(("#", "data:,"))
    ]
    assert outward == []
    assert "http://" not in text
    assert "https://" not in text


@pytest.mark.parametrize("text", ["a\ud800b", "\x1b[31m", "\u2066x", "\u200fy", "\x85"])
def test_characters_that_act_are_shown_as_escapes(text):
    assert "\\" in escape_control_chars(text)
    escape_control_chars(text).encode()


def test_elements_escape_text_and_attributes_but_not_each_other():
    inner = element("b", "<&>")
    assert element("p", inner, '"', title='"><') == '<p title="&quot;&gt;&lt;"><b>&lt;&amp;&gt;</b>&quot;</p>'
    assert "<td>&lt;u&gt;</td>" in table("of <s>", ("a", "b"), [("x", "<u>")])


def test_only_markup_and_the_pages_own_files_make_markup():
    """Every place that declares text to be finished HTML: a new one must escape its values."""
    folder = Path(report.__file__).parent
    made = {
        path.name: {
            ast.unparse(node.args[0])[:20]
            for node in ast.walk(ast.parse(path.read_text()))
            if is_markup(node)
        }
        for path in folder.glob("*.py")
        if path.name != "markup.py"
    }
    assert {name: texts for name, texts in made.items() if texts} == {
        "explorer.py": {"text"},  # JSON without <
        "page.py": {"f'<meta http-equiv=\"", "style", "_asset('page.js')"},
    }


def is_markup(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "Markup" and bool(node.args)


def test_pca_is_the_singular_value_decomposition():
    rows = np.random.default_rng(1).standard_normal((50, 7)) * np.arange(1, 8)
    places, share = pca(rows.astype(np.float32))
    u, s, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(places), np.abs(u[:, :2] * s[:2]), rtol=1e-4, atol=1e-4)
    assert share == pytest.approx((s[:2] ** 2).sum() / (s**2).sum())


@pytest.mark.parametrize(
    "rows", [np.ones((1, 3)), np.ones((4, 3)), np.arange(5.0)[:, None], np.zeros((3, 2))]
)
def test_pca_of_few_dimensions_or_one_place_is_finite(rows):
    places, share = pca(rows.astype(np.float32))
    assert places.shape == (len(rows), 2)
    assert np.isfinite(places).all()
    assert 0 <= share <= 1 + 1e-9


def test_the_map_keeps_shape_and_fills_the_square():
    vectors = random_vectors(200, 5)
    found = word_map(vectors, ReportConfig())
    units = vectors.vectors / np.linalg.norm(vectors.vectors, axis=1, keepdims=True)
    places, _ = pca(units)
    extent = np.ptp(places, axis=0).max()
    assert np.ptp(found.positions.astype(int), axis=0).max() == 65535
    shifted = (places - places.mean(axis=0)) / extent * 65535
    centred = found.positions - found.positions.mean(axis=0)
    np.testing.assert_allclose(centred, shifted, atol=2)


def test_neighbours_are_those_of_all_cosines():
    vectors = random_vectors(700, 6)
    found = word_map(vectors, ReportConfig(words=600, neighbors=4))
    rows = vectors.vectors[:600].astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -2)
    expected = np.argsort(-cosines, axis=1)[:, :4]
    assert (found.neighbors == expected).all()
    np.testing.assert_allclose(found.cosines, np.take_along_axis(cosines, expected, axis=1), atol=1e-6)


@pytest.mark.parametrize("num", [1, 2, 3])
def test_a_vocabulary_smaller_than_its_neighbours(num, tmp_path):
    run = made_run(tmp_path / "tiny", ["하나", "둘", "셋"][:num])
    write_report(run, Config())
    found = word_map(WordVectors.load(str(tmp_path / "tiny" / "vectors")), ReportConfig())
    assert found.neighbors.shape == (num, num - 1)
    assert all(place not in row for place, row in enumerate(found.neighbors))


@pytest.mark.parametrize(
    ("value", "text"), [(0.025, "0.025"), (3, "3"), (12_000, "12k"), (4_500_000, "4.5M"), (1e13, "10T")]
)
def test_numbers_on_axes(value, text):
    assert axis_label(value) == text


def drawn(points, x=None, y=None) -> str:
    return chart("t", "d", x or Axis("x"), y or Axis(), [Line("l", points)])


def test_a_chart_has_round_ticks_around_its_points():
    text = drawn([(0, 2.09), (15, 2.68)])
    assert re.findall(r">([\d.]+)</text>", text) == ["0", "5", "10", "15", "2", "2.2", "2.4", "2.6", "2.8"]
    (x0, y0), (x1, y1) = (map(float, p.split(",")) for p in re.search(r'points="([^"]+)"', text)[1].split())
    assert (x0, x1) == (58, 464)
    assert 12 < y1 < y0 < 216


def test_a_chart_in_powers_of_ten_is_straight_for_a_power_law():
    text = drawn([(1, 1000), (10, 100), (100, 10)], Axis("x", is_log=True), Axis(is_log=True))
    a, b, c = [tuple(map(float, p.split(","))) for p in re.search(r'points="([^"]+)"', text)[1].split()]
    assert b == pytest.approx(((a[0] + c[0]) / 2, (a[1] + c[1]) / 2), abs=0.2)


@pytest.mark.parametrize(
    "points", [[], [(0, math.nan)], [(1, 5)], [(1, 5), (2, 5)], [(0, 0), (0, 0)], [(1, 1e-12), (2, 1e12)]]
)
def test_a_chart_of_nothing_of_one_point_and_of_a_flat_line(points):
    for axis in (Axis("x"), Axis("x", is_log=True)):
        text = drawn(points, axis, axis)
        assert ("Nothing was recorded" in text) == ("<svg" not in text)
        assert "nan" not in text
        assert "inf" not in text


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    text = drawn([(i, i % 7) for i in range(50_001)])
    points = re.search(r'points="([^"]+)"', text)[1].split()
    assert len(points) == 400
    assert points[-1].startswith("464.0,")


def test_a_page_tells_accounts_curves_and_scores_with_their_intervals(hostile_run):
    text = " ".join("".join(Seen(page_of(hostile_run).read_text(encoding="utf-8")).visible).split())
    for part in (
        "0.520 – 0.690",
        "1,000 resamples",
        "undefined",
        "50.0%",
        "수도",
        "1 too short",
        "From 2.5 to 1.5",
        "From 0.0225 to",
        "62.5%",
        "+0.100",
        "+0.020 – +0.180",
    ):
        assert part in text, part


def test_an_interval_is_drawn_from_its_lower_to_its_upper_end(hostile_run):
    text = page_of(hostile_run).read_text(encoding="utf-8")
    assert '<line x1="52.0" x2="69.0" y1="8" y2="8" class="interval">' in text
    assert '<circle cx="61.0"' in text


def test_a_run_without_scores_or_earlier_stages_has_a_page_too(tmp_path):
    run = made_run(tmp_path / "run", KOREAN)
    run.stage("tokens").delete()
    write_report(run, Config())
    text = page_of(run).read_text(encoding="utf-8")
    assert "were not scored" in text
    assert "not in this run directory" in text


def test_a_page_is_written_again_when_what_it_shows_changed_and_only_then(tmp_path):
    run = made_run(tmp_path / "run", KOREAN)

    def is_written(*settings: str) -> bool:
        before = page_of(run).stat() if page_of(run).exists() else None
        write_report(run, load_config(None, settings))
        after = page_of(run).stat()
        return before is None or (before.st_ino, before.st_mtime_ns) != (after.st_ino, after.st_mtime_ns)

    assert is_written()
    assert not is_written()
    assert is_written("report.words=2")
    score(run, evaluation=SCORES)
    assert is_written()
    assert not is_written("evaluate.restrict_vocab=5")
    page_of(run).write_bytes(page_of(run).read_bytes()[:-9])
    assert is_written()
    manifest = tmp_path / "run" / "tokens" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"lines": 7', '"lines": 8'))
    assert is_written()
    assert not is_written()


def test_a_page_does_not_hide_that_vectors_are_missing(tmp_path):
    run = made_run(tmp_path / "run", KOREAN)
    write_report(run, Config())
    (tmp_path / "run" / "vectors" / "input.npy").unlink()
    with pytest.raises(UserError, match=r"input.npy is missing"):
        write_report(run, Config())


def test_vectors_that_are_made_again_take_the_page_with_them(tmp_path):
    run = made_run(tmp_path / "run", KOREAN)
    write_report(run, Config())
    run.remove("vectors")
    assert not page_of(run).exists()
    with pytest.raises(UserError, match="no finished vectors stage"):
        write_report(run, Config())


def test_a_damaged_curve_is_named(tmp_path):
    run = made_run(tmp_path / "run", KOREAN)
    metrics = tmp_path / "run" / "vectors" / "metrics.jsonl"
    metrics.write_bytes(b"x" + metrics.read_bytes()[1:])
    with pytest.raises(UserError, match=r"metrics.jsonl is damaged.*w2v train"):
        write_report(run, Config())


@pytest.mark.parametrize(
    ("name", "was", "now"),
    [
        ("evaluation.json", b'"pairs": 10', b'"pairs": []'),
        ("evaluation.json", b'"similarity"', b'"similarit\xff"'),
        ("comparison.json", b'"overlap": 0.625', b'"overlap": false'),
    ],
)
def test_damaged_scores_are_named(tmp_path, name, was, now):
    run = made_run(tmp_path / "run", KOREAN)
    score(run, evaluation=SCORES, comparison=COMPARISON)
    path = tmp_path / "run" / "reports" / name
    data = path.read_bytes()
    assert was in data
    path.write_bytes(data.replace(was, now.ljust(len(was)), 1))
    with pytest.raises(UserError, match=rf"{name} is damaged; delete .* run `w2v evaluate` again"):
        write_report(run, Config())


def test_damaged_scores_are_not_told_as_up_to_date(tmp_path):
    run = made_run(tmp_path / "run", KOREAN)
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text(f"{KOREAN[0]}\t{KOREAN[1]}\t1\n{KOREAN[2]}\t{KOREAN[3]}\t2\n")
    config = load_config(None, [f"evaluate.similarity=['{pairs}']"])
    assert evaluate_vectors(run, config)["similarity"][0]["pairs"] == 2
    path = tmp_path / "run" / "reports" / "evaluation.json"
    path.write_bytes(b"[" + path.read_bytes()[1:])
    with pytest.raises(UserError, match=r"evaluation.json is damaged; .*`w2v evaluate`"):
        evaluate_vectors(run, config)


def test_umap_that_is_not_installed_is_told_with_its_command(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    with pytest.raises(UserError, match=r"pip install 'w2v\[umap\]'"):
        check_report(load_config(None, ["report.projection=umap"]))
    check_report(Config())


@pytest.mark.skipif(find_spec("umap") is None, reason="umap-learn is not installed")
def test_umap_places_words():
    found = word_map(random_vectors(60, 8), ReportConfig(projection="umap"))
    assert (found.projection, found.variance_shown) == ("umap", None)
    assert found.positions.max() == 65535


def test_twenty_thousand_words_are_a_page_of_at_most_two_megabytes(tmp_path):
    run = made_run(tmp_path / "run", [f"단어word{i}" for i in range(20_000)], size=20)
    write_report(run, Config())
    assert page_of(run).stat().st_size < 2_000_000
