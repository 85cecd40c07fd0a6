"""Few labels, many unlabelled texts: a classifier on word vectors against one on bags of words. Runs offline.

    python docs/examples/transfer.py [--work transfer-run] [--unseen]

The texts are the docstrings of the installed Python. A document is one paragraph of at least WORDS words; its label is
the package it stands in, of the CLASSES packages with the most paragraphs. A fifth of each package's files is for
testing and gives no training document, so that a function and its neighbours are never on both sides.

Word vectors are trained on all docstrings, without a label: those of the test files are among them, as they are where
one classifies texts that one already has. With --unseen they are left out.

Both sides are scikit-learn's logistic regression with the same choice of C, by three-fold cross-validation on the
training labels alone. Nothing was chosen by the test documents.
"""

import argparse
import json
import random
import warnings
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import normalize

from w2v_core.config import load_config
from w2v_core.executors.local import LocalExecutor
from w2v_core.pipeline.demo_corpus import default_roots, find_sources, read_module
from w2v_core.pipeline.embed import embed_documents
from w2v_core.pipeline.run import run_pipeline
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir

CLASSES, WORDS, TEST_SHARE = 10, 5, 0.2
LABELS, SEEDS = (50, 200, 1000), range(10)
C = {"C": [1.0, 10.0, 100.0]}
MOST_TESTED = 4000
TRAINING = ("train.sg=1", "train.epochs=5")
WEIGHTINGS = {
    "vectors, mean of tokens": ("embed.weighting=counts",),
    "vectors, SIF": ("embed.weighting=sif", "embed.remove_components=1"),
}
Document = tuple[str, str, bool]
"""text, label, whether it is for testing"""


def main() -> None:
    """Gather, train, embed, classify, and print the table."""
    options = arguments()
    work = options.work / ("unseen" if options.unseen else "seen")
    work.mkdir(parents=True, exist_ok=True)
    paragraphs = list(gathered())
    unlabelled = [text for text, _, is_test in paragraphs if not (is_test and options.unseen)]
    (work / "unlabelled.txt").write_text("".join(f"{text}\n" for text in unlabelled), encoding="utf-8")
    documents = labelled(paragraphs)
    lines = (json.dumps({"id": number, "text": text}) for number, (text, _, _) in enumerate(documents))
    (work / "documents.jsonl").write_text("\n".join(lines), encoding="utf-8")

    executor = LocalExecutor()
    run = RunDir.create(str(work / "run"))
    run_pipeline(run, find_files([str(work / "unlabelled.txt")]), load_config(None, TRAINING), executor)
    sides = {"TF-IDF": bags_of_words(documents)}
    for number, (name, settings) in enumerate(WEIGHTINGS.items()):
        config = load_config(None, [*settings, "embed.id_column=id"])
        output = work / f"vectors-{number}"
        embed_documents(run, find_files([str(work / "documents.jsonl")]), str(output), config, executor)
        sides[name] = vectors_in(output)
    executor.stop()
    print(told(documents, options.unseen), flush=True)
    for line in table(sides, documents):
        print(line, flush=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("transfer-run"))
    parser.add_argument("--unseen", action="store_true", help="leave test files out of the unlabelled text")
    return parser.parse_args()


def gathered() -> Iterator[Document]:
    """Every distinct paragraph of the docstrings; the package of modules of the standard library is `stdlib`."""
    seen: set[str] = set()
    chance = random.Random(0)
    for root in default_roots():
        sources = find_sources([root])
        with ProcessPoolExecutor() as pool:
            modules = list(pool.map(read_module, sources, chunksize=16))
        for source, module in zip(sources, modules, strict=True):
            is_test = chance.random() < TEST_SHARE
            inside = source.relative_to(root).parts
            label = inside[0].removesuffix(".py") if root.name == "site-packages" else "stdlib"
            for paragraph in module.paragraphs:
                if paragraph not in seen:
                    seen.add(paragraph)
                    yield paragraph.encode(errors="replace").decode(), label, is_test


def labelled(paragraphs: list[Document]) -> list[Document]:
    """The paragraphs that are documents: of CLASSES packages, and long enough."""
    long = [document for document in paragraphs if len(document[0].split()) >= WORDS]
    by_label: dict[str, list[Document]] = defaultdict(list)
    for document in long:
        by_label[document[1]].append(document)
    largest = sorted(by_label, key=lambda label: (-len(by_label[label]), label))[:CLASSES]
    return [document for document in long if document[1] in largest]


def bags_of_words(documents: list[Document]) -> csr_array:
    """TF-IDF rows of length 1. Words' document frequencies come from all documents outside the test files."""
    known = [text for text, _, is_test in documents if not is_test]
    return TfidfVectorizer(sublinear_tf=True).fit(known).transform([text for text, _, _ in documents])


def vectors_in(folder: Path) -> np.ndarray:
    """The documents' vectors, scaled to length 1, in the order of their ids."""
    rows = pq.read_table(sorted(folder.glob("part-*.parquet")))
    vectors = np.stack(rows["vector"].to_numpy())[np.argsort(rows["id"].to_numpy().astype(int))]
    return normalize(vectors)


def table(sides: dict[str, csr_array | np.ndarray], documents: list[Document]) -> Iterator[str]:
    """Markdown: the share of test documents that are named right, mean and standard deviation over the seeds."""
    yield f"| features | {' | '.join(f'{count:,} labels' for count in LABELS)} |"
    yield f"|---|{'--:|' * len(LABELS)}"
    labels = np.array([label for _, label, _ in documents])
    is_test = np.array([is_test for _, _, is_test in documents])
    for name, features in sides.items():
        scores = [[accuracy(features, labels, is_test, count, seed) for seed in SEEDS] for count in LABELS]
        yield f"| {name} | {' | '.join(f'{np.mean(s):.1%} ± {np.std(s):.1%}' for s in scores)} |"


def accuracy(
    features: csr_array | np.ndarray, labels: np.ndarray, is_test: np.ndarray, count: int, seed: int
) -> float:
    """Of a classifier that learns from `count` documents, as many of each class, on some of the test documents."""
    rng = np.random.default_rng(seed)
    train = [
        rng.choice(np.flatnonzero((labels == label) & ~is_test), count // CLASSES, replace=False)
        for label in np.unique(labels)
    ]
    chosen = np.concatenate(train)
    if isinstance(
        features, csr_array
    ):  # words of no training document have no weight: the same result, sooner
        features = features[:, np.unique(features[chosen].indices)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search = GridSearchCV(LogisticRegression(max_iter=100, tol=1e-3), C, cv=3)
        search.fit(features[chosen], labels[chosen])
    tested = rng.choice(np.flatnonzero(is_test), min(MOST_TESTED, int(is_test.sum())), replace=False)
    return float(search.score(features[tested], labels[tested]))


def told(documents: list[Document], is_unseen: bool) -> str:
    """What the table is of."""
    num_test = sum(is_test for _, _, is_test in documents)
    classes = ", ".join(sorted({label for _, label, _ in documents}))
    text = "without" if is_unseen else "with"
    return (
        f"{len(documents):,} documents, {num_test:,} of them for testing; classes: {classes}\n"
        f"vectors from the docstrings {text} those of the test files\n"
    )


if __name__ == "__main__":
    main()
