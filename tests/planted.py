"""A corpus in which it is known which words belong together."""

import numpy as np

from w2v_core import WordVectors

GROUPS = [[f"{letter}{number}" for number in range(10)] for letter in "abcdef"]
FILLERS = [f"filler{number}" for number in range(20)]


def planted_lines(num_lines: int, seed: int = 0) -> list[str]:
    """Sentences of words of one group, between words that are in all sentences alike."""
    rng = np.random.default_rng(seed)
    return [
        " ".join(rng.permutation([*rng.choice(GROUPS[line % len(GROUPS)], 8), *rng.choice(FILLERS, 3)]))
        for line in range(num_lines)
    ]


def contrast(vectors: WordVectors) -> float:
    """The mean cosine within groups, less that between them: about 0 of vectors that have learnt nothing."""
    unit_GND = np.stack([vectors[group] for group in GROUPS])
    unit_GND /= np.linalg.norm(unit_GND, axis=2, keepdims=True)
    cosine = np.einsum("gnd,hmd->ghnm", unit_GND, unit_GND)
    num_groups, size = len(GROUPS), len(GROUPS[0])
    own = cosine[np.arange(num_groups), np.arange(num_groups)]
    within = (own.sum() - num_groups * size) / (num_groups * size * (size - 1))
    between = (cosine.sum() - own.sum()) / (num_groups * (num_groups - 1) * size**2)
    return float(within - between)
