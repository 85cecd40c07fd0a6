"""gensim's Word2Vec on the sentences of a run, with the run's vocabulary; from nothing, or from the run's vectors.

    python docs/examples/gensim_trainer.py --run-dir my-run --output gensim-vectors.bin
    python docs/examples/gensim_trainer.py --run-dir my-run --output gensim-vectors.bin --go-on --epochs 1
    w2v neighbors --vectors gensim-vectors.bin king

gensim lays its windows itself, so it reads the sentences and not the shards. Of w2v it needs the files alone.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from gensim.models import Word2Vec
from gensim.models.callbacks import CallbackAny2Vec


class Sentences:
    """Every sentence of a stage, in its order, as often as it is asked: gensim goes through it once an epoch."""

    def __init__(self, stage: Path) -> None:
        self.stage = stage
        self.files = json.loads((stage / "manifest.json").read_text())["files"]

    def __len__(self) -> int:
        return sum(file["rows"] for file in self.files if file["name"].startswith("part-"))

    def __iter__(self) -> Iterator[list[str]]:
        for file in self.files:
            if file["name"].startswith("part-"):  # the phrases stage has its list of phrases beside them
                for batch in pq.ParquetFile(self.stage / file["name"]).iter_batches(8192, columns=["tokens"]):
                    yield from batch["tokens"].to_pylist()


class Told(CallbackAny2Vec):
    """The loss so far, after each epoch; gensim's is a sum in float32, good for a look."""

    def on_epoch_end(self, model: Word2Vec) -> None:
        print(f"loss so far {model.get_latest_training_loss():,.0f}", flush=True)


def main() -> None:
    """Train, and write a word2vec binary file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--go-on", action="store_true", help="from the run's vectors, and not from nothing")
    parser.add_argument("--size", type=int, default=100, help="dimensions, where it starts from nothing")
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()
    run = options.run_dir
    sentences = Sentences(run / ("phrases" if (run / "phrases/manifest.json").exists() else "tokens"))
    vocab = pq.read_table(run / "vocab/vocab.parquet", columns=["token", "count"]).to_pydict()
    model = Word2Vec(vector_size=options.size, sg=1, min_count=1, workers=2, seed=1)
    if options.go_on:
        model.vector_size = model.wv.vector_size = np.load(run / "vectors/input.npy", mmap_mode="r").shape[1]
    model.build_vocab_from_freq(dict(zip(vocab["token"], vocab["count"], strict=True)))
    if options.go_on:  # gensim's order is by count; of words of one count it may be another than ours
        id_of = {word: number for number, word in enumerate(vocab["token"])}
        ids = [id_of[word] for word in model.wv.index_to_key]
        model.wv.vectors[:] = np.load(run / "vectors/input.npy")[ids]
        model.syn1neg[:] = np.load(run / "vectors/output.npy")[ids]
    model.train(
        sentences,
        total_examples=len(sentences),
        epochs=options.epochs,
        compute_loss=True,
        callbacks=[Told()],
    )
    model.wv.save_word2vec_format(str(options.output), binary=True)


if __name__ == "__main__":
    main()
