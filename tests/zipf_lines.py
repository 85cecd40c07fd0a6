"""Lines of words in several scripts whose frequencies fall as Zipf's law says."""

import random


def zipf_lines(draw: random.Random) -> list[str]:
    """10,000 lines of 1 to 24 words, about 1 MB."""
    words = [f"{stem}{number}" for stem in ("word", "낱말", "語") for number in range(400)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    return [" ".join(draw.choices(words, weights, k=draw.randrange(1, 25))) for _ in range(10_000)]
