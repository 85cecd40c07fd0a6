"""One Korean text under each tokenizer for Korean: speed, vocabulary, and how the vectors score.

    python -m benchmarks languages --text kowiki.txt --similarity wordsim353-ko.csv --work WORK [--sg 0 1]

Every tokenizer makes its own run with `w2v`, with the settings of the defaults; the seconds of a stage are those that
its manifest tells. Prints a Markdown table.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

TOKENIZERS = {
    "unicode_words": [],
    "mecab_ko": [],
    "mecab_ko, per_word": ["tokenize.per_word=true"],
    "kiwi": [],
    "kiwi, per_word": ["tokenize.per_word=true"],
}
HEADINGS = (
    *("tokenizer", "tokens", "seconds", "tokens/s", "vocabulary", "model", "WordSim-353 (ko)", "pairs found"),
    "training s",
)


def main(options: argparse.Namespace) -> None:
    """Run each tokenizer in turn and print the table."""
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for name, settings in TOKENIZERS.items():
        for sg in options.sg:
            print(row(name, run(options, name, [*settings, f"train.sg={sg}"]), sg), flush=True)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    parser.add_argument("--text", required=True)
    parser.add_argument("--similarity", required=True)
    parser.add_argument("--work", default="bench-run/languages")
    parser.add_argument("--sg", type=int, nargs="+", choices=[0, 1], default=[0, 1])


def run(options: argparse.Namespace, name: str, settings: list[str]) -> Path:
    """The run directory of one tokenizer, trained with `settings` and evaluated."""
    folder = Path(options.work) / name.replace(", ", "-")
    command = [sys.executable, "-m", "w2v_core.cli", "run", "--input", options.text, "--run-dir", str(folder)]
    chosen = [f"tokenize.tokenizer={name.partition(',')[0]}", *settings]
    command += [argument for setting in chosen for argument in ("--set", setting)]
    subprocess.run([*command, "--similarity", options.similarity], check=True, stdout=sys.stderr)
    return folder


def row(name: str, folder: Path, sg: int) -> str:
    """One line of the table."""
    tokens, vocab, vectors = (
        read_json(folder / stage / "manifest.json") for stage in ("tokens", "vocab", "vectors")
    )
    (similarity,) = read_json(folder / "reports" / "evaluation.json")["similarity"]
    num_tokens = tokens["tokens"]["kept"]
    cells = (
        name,
        f"{num_tokens:,}",
        f"{tokens['seconds']:.1f}",
        f"{num_tokens / tokens['seconds']:,.0f}",
        f"{vocab['counters']['words']:,}",
        "skip-gram" if sg else "CBOW",
        f"{similarity['spearman']:.3f}",
        f"{similarity['covered']} of {similarity['pairs']}",
        f"{vectors['seconds']:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def read_json(path: Path) -> dict:
    """A JSON file."""
    return json.loads(path.read_text())
