"""The command `w2v export`: vectors in the formats of other systems."""

from typing import Annotated

import typer

from w2v_core.cli.commands.query import OptionalRunDir, VectorsOption, open_either
from w2v_core.io.events import log_event
from w2v_core.vectors.formats.formats import FORMATS, Exported
from w2v_core.vectors.formats.formats import export as export_table

FormatOption = Annotated[
    str, typer.Option("--format", metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.")
]
OutputOption = Annotated[
    str,
    typer.Option(
        "--output", metavar="PATH", help="A file, or a folder for npy and projector; a path or a URI."
    ),
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", min=1, help="The number of most frequent words to write.")
]
DtypeOption = Annotated[
    str,
    typer.Option(
        "--dtype", metavar="DTYPE", help="float32, or float16 for npy and safetensors; logs the loss."
    ),
]
StrictOption = Annotated[
    bool,
    typer.Option("--strict", help="Reject words that the format cannot hold instead of skipping them."),
]


def export(
    format_: FormatOption,
    output: OutputOption,
    run_dir: OptionalRunDir = None,
    vectors: VectorsOption = None,
    limit: LimitOption = None,
    dtype: DtypeOption = "float32",
    strict: StrictOption = False,
) -> None:
    """Write the vectors for gensim, spaCy, Spark, NumPy and others; with --vectors, from one format to another."""
    table = open_either(run_dir, vectors).table
    done = export_table(table, format_, output, limit=limit, dtype=dtype, strict=strict)
    for line in lines_of(done, output):
        log_event(line)


def lines_of(done: Exported, output: str) -> list[str]:
    """Return log lines: the words written and skipped, and the error of narrower numbers."""
    lines = [f"{output}: {done.words:,} words"]
    if done.num_skipped:
        first_words = ", ".join(ascii(word) for word in done.skipped)
        more = ", …" if done.num_skipped > len(done.skipped) else ""
        lines.append(
            f"left out, since the format cannot hold them: {done.num_skipped:,} words ({first_words}{more})"
        )
    if report := done.quantization_error:
        lines.append(
            f"of {report.words:,} words among the most frequent: mean cosine with float32 {report.mean_cosine:.6f}, "
            f"{report.neighbor_overlap:.1%} of the ten nearest stay"
        )
    return lines
