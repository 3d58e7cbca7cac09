"""Similarities of languages by rapidfuzz; no line is shared with the crate.

    python crates/communicate/tests/reference/similarity.py > crates/communicate/tests/reference/similarity.json

Python 3.11.7, numpy 2.4.6, rapidfuzz 3.14.6.
"""

import json
from itertools import combinations

import numpy as np
from rapidfuzz.distance import Levenshtein


def word(message):
    message = list(message)
    return message[: message.index(0)] if 0 in message else message


def similarity(one, other):
    return np.mean([Levenshtein.normalized_similarity(word(a), word(b)) for a, b in zip(one, other)])


def by_chance(one, other):
    return np.mean([[Levenshtein.normalized_similarity(word(a), word(b)) for b in other] for a in one])


def main():
    rng = np.random.default_rng(20260101)
    cases = []
    for languages, rows, length, vocab_size in [(2, 7, 1, 3), (3, 40, 6, 5), (5, 25, 12, 9)]:
        first = rng.integers(0, vocab_size, (rows, length))
        # From copies with few changes to others that have nothing to do with the first.
        shares = np.linspace(0.1, 1.0, languages - 1)
        changed = [np.where(rng.random(first.shape) < share, rng.integers(0, vocab_size, first.shape), first) for share in shares]
        all_of_them = [language.tolist() for language in [first, *changed]]
        pairs = list(combinations(all_of_them, 2))
        cases.append(
            {
                "languages": all_of_them,
                "matrix": [[similarity(one, other) for other in all_of_them] for one in all_of_them],
                "mean": np.mean([similarity(*pair) for pair in pairs]),
                "by_chance": np.mean([by_chance(*pair) for pair in pairs]),
            }
        )
    print(json.dumps(cases))


main()
