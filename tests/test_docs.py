"""What the documentation says exists, and its commands have the options it gives them."""

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer

from w2v_core import WordVectors
from w2v_core.cli.app import app
from w2v_core.config import Config

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_and_path_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    paths = re.findall(r"`((?:w2v_core|jobs|tests|conf|docs)/[\w./-]*)`", text)
    missing = [link for link in links if not (page.parent / link).exists()]
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert missing == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub names them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_anchor_is_a_heading(page):
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if link[1] not in anchors(page.parent / link[0] if link[0] else page)]
    assert missing == []


def commands(text: str) -> list[list[str]]:
    in_blocks = [
        line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()
    ]
    return [line.split("#")[0].split() for line in in_blocks + re.findall(r"`([^`\n]+)`", text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_exists_with_its_options(page):
    known = typer.main.get_command(app).commands
    for words in commands(page.read_text(encoding="utf-8")):
        if len(words) > 1 and words[0] == "w2v" and words[1][0] not in "<-":
            command = known[words[1]]
            if within := getattr(command, "commands", None):
                command = within[words[2]]
            options = {"--", *(option for parameter in command.params for option in parameter.opts)}
            assert [word for word in words if word.startswith("--") and word not in options] == [], words


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_make_target_exists(page):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for words in commands(page.read_text(encoding="utf-8")):
        if len(words) > 1 and words[0] == "make":
            assert words[1] in targets


def test_the_python_of_the_pages_runs(make_run, corpus, monkeypatch, tmp_path):
    run = make_run(corpus, into="my-run")
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    for name in (
        "README.md",
        "docs/python.md",
        "docs/getting-started.md",
        "docs/run-directory.md",
        "docs/vocabulary.md",
        "docs/vectors.md",
        "docs/from-gensim.md",
    ):
        blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
        code = "\n".join(blocks)
        assert code, name
        if "gensim" in code:
            pytest.importorskip("gensim.models", reason="the oracle is not installed")
        code = code.replace('["king", "woman"], negative=["man"]', '["king", "cat"], negative=["dog"]')
        scope = {"WordVectors": WordVectors, "pq": pq} | scope
        exec(code, scope)
    assert scope["contexts"].shape == (run.require("shards").files[0].rows, 4)
    table = scope["vocab"].to_pydict()
    gensims = [scope["model"].wv.get_vecattr(word, "count") for word in table["token"]]
    assert gensims == table["count"]
    assert sorted(scope["model"].wv.index_to_key) == sorted(table["token"])


@pytest.mark.parametrize(
    ("page", "folder", "pattern"),
    [
        ("docs/architecture.md", "docs/decisions", "*.md"),
        ("docs/benchmarks.md", "benchmarks/results", "*.md"),
        ("README.md", "docs", "*.md"),
    ],
)
def test_an_index_names_all_there_is(page, folder, pattern):
    text = (ROOT / page).read_text(encoding="utf-8")
    files = sorted((ROOT / folder).glob(pattern))
    assert files
    assert [path.name for path in files if path.name not in text] == []


def test_the_tree_of_the_architecture_names_every_package_and_no_module_that_is_gone():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    (tree,) = re.findall(r"^w2v_core/\n(.*?)^jobs/", text, re.DOTALL | re.MULTILINE)
    packages = dict(re.findall(r"^  (\w+)/ +((?:.+\n)(?: {8}.+\n)*)", tree, re.MULTILINE))
    assert sorted(packages) == sorted(path.parent.name for path in (ROOT / "w2v_core").glob("*/__init__.py"))
    for package, modules in packages.items():
        for name in re.findall(r"\w+_\w+|\w+/", modules):
            path = ROOT / "w2v_core" / package / name
            assert path.is_dir() or path.with_suffix(".py").exists(), f"{package}/{name}"


def test_the_page_on_tuning_tells_every_setting_of_its_stages():
    text = (ROOT / "docs/tuning.md").read_text(encoding="utf-8")
    for section in ("tokenize", "phrases", "vocab", "shards", "train"):
        for name, field in Config.model_fields[section].annotation.model_fields.items():
            assert f"`{section}.{field.alias or name}`" in text, f"{section}.{name}"
