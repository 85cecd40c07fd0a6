"""A notebook from a list of sentences to neighbours, in a kernel of its own without Java."""

import os
import sys

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
pytestmark = pytest.mark.slow

CELLS = (
    """
    from w2v_core import Word2Vec
    text = ["the king wears a crown", "the queen wears a crown", "the cat chases a mouse", "the dog chases a cat"]
    sentences = [line.split() for line in text * 50]
    """,
    """
    model = Word2Vec(vector_size=16, window=2, sample=0, epochs=20, workers=1, seed=3)
    model.fit(sentences)
    """,
    """
    model.wv.most_similar("king", topn=1)
    """,
    """
    import shutil, sys
    shutil.which("java"), "pyspark" in sys.modules
    """,
)


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A kernel of this Python, in a folder of its own, whose environment has no Java."""
    folder = tmp_path / "kernels" / "w2v"
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "w2v", "language": "python"}
    (folder / "kernel.json").write_text(__import__("json").dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))  # noqa: PTH120
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return "w2v"


@pytest.mark.filterwarnings("ignore")
def test_twelve_lines_from_sentences_to_neighbours(kernel, tmp_path):
    lines = [line.strip() for cell in CELLS for line in cell.strip().splitlines()]
    assert len(lines) <= 12
    cells = [
        nbformat.v4.new_code_cell("\n".join(line.strip() for line in cell.strip().splitlines()))
        for cell in CELLS
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    (work := tmp_path / "work").mkdir()
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name=kernel, resources={"metadata": {"path": str(work)}}
    ).execute()
    outputs = [cell.outputs for cell in notebook.cells]
    shown = [output for output in outputs[1] if output.output_type == "display_data"]
    assert len(shown) == 1, "one line of progress, which changes"
    assert "vectors: 100%" in shown[0].data["text/plain"]
    assert outputs[1][-1].data["text/plain"].startswith("Word2Vec(")
    assert "queen" in outputs[2][0].data["text/plain"]
    assert outputs[3][0].data["text/plain"] == "(None, False)"
    assert list(work.iterdir()) == []
