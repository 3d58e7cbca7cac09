"""Languages and their measures by EGG, scipy and editdistance; no line is shared with the crate.

    git clone https://github.com/facebookresearch/EGG && git -C EGG checkout 54eb11c6b4ba3d3171811378f7ad7a117fa93a97
    python crates/communicate/tests/reference/languages.py EGG > crates/communicate/tests/reference/languages.json

Python 3.11.7, numpy 2.4.6, scipy 1.17.1, editdistance 0.8.1, torch 2.15.0. Of EGG three files are run as they are; the trainer that they
import beside is left out. EGG computes `posdis` and `bosdis` in two places: `compo_vs_generalization` in the default type of torch,
which is set to 64 bits here, and `core/language_analysis.py` in 32 bits (`posdis_32`, `bosdis_32`).
"""

import json
import sys
import types
from importlib import import_module
from itertools import combinations, product
from pathlib import Path

import editdistance
import numpy as np
import torch
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

torch.set_default_dtype(torch.float64)


def egg(folder):
    """EGG's three files, without its trainer."""
    for name in ["egg", "egg.core", "egg.zoo", "egg.zoo.compo_vs_generalization", "egg.zoo.language_bottleneck"]:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [str(Path(folder, *name.split(".")))]
    for name, word in [("callbacks", "Callback"), ("interaction", "Interaction"), ("batch", "Batch")]:
        module = sys.modules[f"egg.core.{name}"] = types.ModuleType(name)
        setattr(module, word, type(word, (), {}))
    sys.modules["egg"].core = sys.modules["egg.core"]
    sys.modules["egg.core"].Callback = sys.modules["egg.core.callbacks"].Callback
    sys.modules["egg.core"].Interaction = sys.modules["egg.core.interaction"].Interaction
    return (
        import_module("egg.core.language_analysis"),
        import_module("egg.zoo.compo_vs_generalization.intervention"),
        import_module("egg.zoo.language_bottleneck.intervention"),
    )


def word(message):
    message = list(message)
    return message[: message.index(0)] if 0 in message else message


def with_ends(messages):
    return np.array([word(m) + [0] * (len(m) - len(word(m))) for m in messages.tolist()])


def context_independence(objects, messages):
    words = [set(word(m)) for m in messages.tolist()]
    symbols = sorted(set().union(*words))
    products = []
    for k in range(objects.shape[1]):
        values = sorted(set(objects[:, k].tolist()))
        if len(values) < 2:
            continue
        for value in values:
            having = [i for i in range(len(objects)) if objects[i, k] == value]
            pairs = []
            for symbol in symbols:
                saying = [i for i, w in enumerate(words) if symbol in w]
                both = len(set(having) & set(saying))
                pairs.append((both / len(saying), both / len(having)))
            best = max(pairs)
            products.append(best[0] * best[1])
    return sum(products) / len(products)


def normalized(a, b):
    return editdistance.eval(a, b) / max(len(a), len(b), 1)


def languages(rng):
    full = np.array(list(product(range(3), range(4), range(2))))
    yield "position by position", full, full + 1
    yield "symbols of their own", full, full + np.array([1, 4, 8])
    shuffled = full + np.array([1, 4, 8])
    yield "any order", full, np.array([rng.permutation(row) for row in shuffled])
    yield "random", full, rng.integers(1, 6, size=(24, 4))
    yield "random ends", full, with_ends(rng.integers(0, 4, size=(24, 5)))
    noisy = np.where(rng.random((24, 3)) < 0.2, rng.integers(1, 5, size=(24, 3)), full + 1)
    yield "noise", full, noisy
    yield "a constant position", full, np.hstack([np.full((24, 1), 7), noisy, np.zeros((24, 2), int)])
    many = rng.integers(0, [5, 5, 1, 9], size=(120, 4))
    yield "objects again", many, with_ends(np.where(rng.random((120, 6)) < 0.7, many[:, [0, 1, 2, 3, 0, 1]] + 1, rng.integers(0, 12, (120, 6))))
    yield "long", full, with_ends(np.where(rng.random((24, 70)) < 0.02, 0, rng.integers(1, 9, size=(24, 70))))
    sixty_four = rng.integers(1, 4, size=(24, 64))
    yield "a machine word", full, sixty_four
    yield "large symbols", full, rng.choice([1, 1000, 4000000000, 7], size=(24, 3))


def measured(analysis, compositionality, bottleneck, objects, messages, rng):
    x, m = torch.tensor(objects), torch.tensor(messages)
    # EGG's histogram has a column per symbol: name them 0, 1, … in order, the end stays 0.
    symbols = sorted(set(messages.ravel().tolist()) | {0})
    named = torch.tensor(np.searchsorted(symbols, messages))
    words = [word(message) for message in messages.tolist()]
    hamming = pdist(objects, "hamming")
    between = lambda distance: [distance(a, b) for a, b in combinations(words, 2)]
    other = with_ends(np.where(rng.random(messages.shape) < 0.3, rng.integers(0, 5, messages.shape), messages))
    features = rng.normal(size=(len(objects), 5)) + objects.sum(axis=1, keepdims=True)
    rows = lambda table: [tuple(row) for row in table.tolist()]
    pairs = lambda metric: pdist(features, metric)
    histogram = compositionality.histogram(named, len(symbols))[:, 1:]
    return {
        "objects": objects.tolist(),
        "messages": messages.tolist(),
        "other": other.tolist(),
        "features": features.tolist(),
        "values": {
            "topographic_similarity": analysis.TopographicSimilarity.compute_topsim(x, m, "hamming", "edit"),
            "posdis": compositionality.information_gap_representation(x, m),
            "bosdis": compositionality.information_gap_representation(x, histogram),
            "topographic_words": spearmanr(hamming, between(editdistance.eval)).statistic,
            "topographic_normalized_words": spearmanr(hamming, between(normalized)).statistic,
            "topographic_hamming": spearmanr(hamming, pdist(messages, "hamming")).statistic,
            "topographic_cosine": spearmanr(pairs("cosine"), between(editdistance.eval)).statistic,
            "topographic_euclidean": spearmanr(pairs("euclidean"), pdist(messages, "hamming")).statistic,
            "message_entropy": bottleneck.entropy(rows(messages)),
            "object_entropy": bottleneck.entropy(rows(objects)),
            "mutual_information": bottleneck.mutual_info(rows(objects), rows(messages)),
            "symbol_entropy": bottleneck.entropy([symbol for w in words for symbol in w]),
            "context_independence": context_independence(objects, messages),
            "language_similarity": float(np.mean([1 - normalized(a, word(b)) for a, b in zip(words, other.tolist())])),
            "mean_length": float(np.mean(bottleneck._find_lengths(m).numpy())),
            "distinct_messages": len(set(rows(messages))),
        },
        "positions": [
            [bottleneck.mutual_info(objects[:, k].tolist(), messages[:, j].tolist()) for k in range(objects.shape[1])]
            for j in range(messages.shape[1])
        ],
        "values_32": {
            "posdis": analysis.Disent.posdis(x, m),
            "bosdis": analysis.Disent.bosdis(x, named, len(symbols)),
        },
    }


def main():
    modules = egg(sys.argv[1])
    rng = np.random.default_rng(20220915)
    cases = [{"name": name, **measured(*modules, x, m, rng)} for name, x, m in languages(rng)]
    ranks = []
    for size, levels in [(2, 5), (10, 3), (50, 8), (200, 1000)]:
        x, y = rng.integers(0, levels, size=(2, size)) / 7
        ranks.append({"x": x.tolist(), "y": y.tolist(), "rho": spearmanr(x, y).statistic})
    print(json.dumps({"languages": cases, "spearman": ranks}))


main()
