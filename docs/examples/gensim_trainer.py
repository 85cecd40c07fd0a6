"""gensim's Word2Vec on the sentences of a run, with the run's vocabulary: RUN OUTPUT, and options.

python docs/examples/gensim_trainer.py my-run gensim.bin                         from nothing
python docs/examples/gensim_trainer.py my-run gensim.bin --go-on --epochs 1      from the run's vectors

gensim lays its windows itself, so it reads the sentences and not the shards.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from gensim.models import Word2Vec


class Sentences:
    """Every sentence of a stage, in its order, as often as it is asked: gensim goes through it once an epoch."""

    def __init__(self, stage: Path) -> None:
        files = json.loads((stage / "manifest.json").read_text())["files"]
        parts = [
            file for file in files if file["name"].startswith("part-")
        ]  # phrases have a list beside them
        self.paths = [stage / file["name"] for file in parts]
        self.num_sentences = sum(file["rows"] for file in parts)

    def __iter__(self) -> Iterator[list[str]]:
        for path in self.paths:
            for batch in pq.ParquetFile(path).iter_batches(8192, columns=["tokens"]):
                yield from batch["tokens"].to_pylist()


def main() -> None:
    """Train, and write a word2vec binary file, which `WordVectors.load` opens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--go-on", action="store_true", help="from the run's vectors, and not from nothing")
    parser.add_argument("--size", type=int, default=100, help="dimensions, where it starts from nothing")
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()
    run = options.run
    sentences = Sentences(run / ("phrases" if (run / "phrases/manifest.json").exists() else "tokens"))
    vocab = pq.read_table(run / "vocab/vocab.parquet", columns=["token", "count"]).to_pydict()
    names = ("input.npy", "output.npy") if options.go_on else ()
    ours = [np.load(run / "vectors" / name, allow_pickle=False) for name in names]
    size = ours[0].shape[1] if ours else options.size
    model = Word2Vec(vector_size=size, sg=1, min_count=1, workers=2, seed=1)
    model.build_vocab_from_freq(dict(zip(vocab["token"], vocab["count"], strict=True)))
    if ours:  # gensim's order is by count; words of one count may stand in another order than ours
        id_of = {word: number for number, word in enumerate(vocab["token"])}
        ids = [id_of[word] for word in model.wv.index_to_key]
        model.wv.vectors[:], model.syn1neg[:] = ours[0][ids], ours[1][ids]
    model.train(sentences, total_examples=sentences.num_sentences, epochs=options.epochs, compute_loss=True)
    print(f"{len(model.wv):,} words, {options.epochs} epochs, loss {model.get_latest_training_loss():,.0f}")
    model.wv.save_word2vec_format(str(options.output), binary=True)


if __name__ == "__main__":
    main()
