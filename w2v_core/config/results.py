"""Settings of what is made of vectors: scores, document vectors, the report."""

from typing import Literal

from pydantic import (
    Field,
)

from w2v_core.config.section import Section


class EvaluateConfig(Section):
    """What the vectors are measured against."""

    similarity: tuple[str, ...] = Field(
        (),
        description="files of `word word score` lines (tab, comma or space separated), or wordsim353 or simlex999, "
        "which an installed gensim ships",
    )
    analogies: tuple[str, ...] = Field(
        (),
        description="files of `a b c d` lines under `: section` lines, or questions-words, which gensim ships",
    )
    restrict_vocab: int = Field(
        30_000, ge=1, description="analogies are asked and answered within this many most frequent words"
    )
    case_insensitive: bool = Field(True, description="fold the case of questions and vocabulary")
    resamples: int = Field(
        1000, ge=100, le=100_000, description="times the items are drawn again for a score's 95 % interval"
    )
    seed: int = Field(1, ge=0, lt=2**63, description="of these draws; none depends on another score")
    overlap_words: int = Field(
        10_000,
        ge=2,
        le=1_000_000,
        description="with --against: the most frequent shared words whose nearest neighbours are compared; the time "
        "grows with the square",
    )
    moved_min_count: int = Field(
        50,
        ge=1,
        le=2**62,
        description="with --against: words seen less often in either run neither take part in the alignment nor are "
        "listed as moved",
    )


class EmbedConfig(Section):
    """Words' vectors to documents' vectors, for what is learned on few labels."""

    weighting: Literal["mean", "counts", "sif"] = Field(
        "counts",
        description="a document's vector is the mean of its known words' vectors. mean: each distinct word once; "
        "counts: as often as it occurs; sif: as counts, each word times sif_a / (sif_a + its share of the text)",
    )
    sif_a: float = Field(
        1e-3, gt=0.0, le=1.0, description="for sif: words above about this share of the corpus weigh little"
    )
    remove_components: int = Field(
        0,
        ge=0,
        le=100,
        description="principal components of all documents that are taken out of each; 1 is the paper's with sif",
    )
    id_column: str | None = Field(
        None,
        min_length=1,
        description="the column of tables and JSON lines with a document's id, text or integers. Absent: documents are "
        "known by their file and row",
    )


class ReportConfig(Section):
    """What the page about a run shows."""

    words: int = Field(
        20_000,
        ge=1,
        le=65_535,
        description="words on the map, the most frequent ones; a thousand take 70 kB of the page",
    )
    neighbors: int = Field(
        10, ge=1, le=100, description="nearest words that are listed for each word of the map"
    )
    projection: Literal["pca", "umap"] = Field(
        "pca",
        description="how vectors come onto the plane. pca: the directions of largest variance; umap: neighbours near "
        "each other, slower, needs umap-learn",
    )
    seed: int = Field(1, ge=0, lt=2**31, description="for umap: its random choices")
