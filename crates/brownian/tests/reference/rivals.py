"""Writes rivals.json: the points that other searches evaluate on three functions, in their order.

    python rivals.py    (scipy 1.17.1, numpy 2.4.6)

Brent is scipy's bounded minimisation; DIRECT, SOO, SequOOL and Piyavskii-Shubert are short transcriptions of what was
published. scipy's own DIRECT chooses other cells than the paper's rule in one dimension; its best value after 120 evaluations
is noted beside.
"""

import json
import math
import pathlib

import numpy as np
import scipy
from scipy import optimize

FUNCTIONS = {
    "sine": lambda x: math.sin(13.0 * x) * math.sin(27.0 * x) / 2.0 + 0.5 + 0.1 * x,
    "cusp": lambda x: 1.3 - abs(x - 0.3137) ** 0.5,
    "slope": lambda x: 2.0 + x - 3.0 * (x - 0.71) ** 2,
}


def recorded(f):
    points = []

    def g(x):
        x = float(np.atleast_1d(x)[0])
        points.append(x)
        return -f(x)

    return g, points


def brent(f):
    g, points = recorded(f)
    optimize.minimize_scalar(g, bounds=(0, 1), method="bounded", options={"xatol": 1e-6, "maxiter": 60})
    return points


def direct(f, evaluations=121):
    """The rule of the paper: for some L > 0 the bound value + L half is highest and at least best + 1e-4 |best|."""
    points, best = [0.5], f(0.5)
    cells = [Cell(0.0, 1.0, 0, best)]
    while len(points) < evaluations:
        by_depth = {}
        for cell in cells:
            if cell.depth not in by_depth or cell.value > by_depth[cell.depth].value:
                by_depth[cell.depth] = cell
        candidates = list(by_depth.values())
        half = {cell.depth: 0.5 * 3.0**-cell.depth for cell in candidates}
        chosen = []
        for c in candidates:
            least = max([0.0] + [(s.value - c.value) / (half[c.depth] - half[s.depth]) for s in candidates if s.depth > c.depth])
            most = min([math.inf] + [(c.value - s.value) / (half[s.depth] - half[c.depth]) for s in candidates if s.depth < c.depth])
            gains = most == math.inf or c.value + most * half[c.depth] >= best + 1e-4 * abs(best)
            if most > 0 and least <= most and gains:
                chosen.append(c)
        for cell in sorted(chosen, key=lambda cell: -cell.depth):
            cells.remove(cell)
            thirds = cell.thirds(f, points)
            best = max(best, *(third.value for third in thirds))
            cells += thirds
    return points[:evaluations]


def scipy_direct(f, evaluations=120):
    g, points = recorded(f)
    optimize.direct(g, [(0, 1)], eps=1e-4, maxfun=evaluations, locally_biased=False, vol_tol=0, len_tol=0, maxiter=10000)
    return max(f(x) for x in points)


class Cell:
    def __init__(self, low, high, depth, value):
        self.low, self.high, self.depth, self.value = low, high, depth, value
        self.centre = (low + high) / 2

    def thirds(self, f, points):
        cuts = [self.low + (self.high - self.low) * i / 3 for i in range(4)]
        cells = []
        for i in range(3):
            centre = (cuts[i] + cuts[i + 1]) / 2
            if i == 1:
                value = self.value
            else:
                points.append(centre)
                value = f(centre)
            cells.append(Cell(cuts[i], cuts[i + 1], self.depth + 1, value))
        return cells


def soo(f, evaluations=150):
    points = [0.5]
    leaves = [Cell(0.0, 1.0, 0, f(0.5))]
    while len(points) < evaluations:
        highest, depth = -math.inf, 0
        while depth <= min(max(leaf.depth for leaf in leaves), int(math.sqrt(len(points)))):
            here = [leaf for leaf in leaves if leaf.depth == depth]
            if here:
                best = max(here, key=lambda leaf: leaf.value)
                if best.value >= highest:
                    leaves.remove(best)
                    leaves += best.thirds(f, points)
                    highest = best.value
            depth += 1
    return points[:evaluations]


def sequool(f, evaluations=151):
    cuts = (evaluations - 1) // 2
    deepest = int(cuts / sum(1 / i for i in range(1, cuts + 1)))
    points = [0.5]
    leaves = {0: [Cell(0.0, 1.0, 0, f(0.5))]}
    for depth in range(0, deepest + 1):
        count = 1 if depth == 0 else deepest // depth
        for cell in sorted(leaves.get(depth, []), key=lambda cell: -cell.value)[:count]:
            leaves.setdefault(depth + 1, []).extend(cell.thirds(f, points))
    return points


def piyavskii_shubert(f, lipschitz=30.0, epsilon=0.05):
    known = [(0.0, f(0.0)), (1.0, f(1.0))]
    points = [0.0, 1.0]
    while True:
        known.sort()
        best = max(value for _, value in known)
        height, at = max(
            ((fa + fb + lipschitz * (b - a)) / 2, (a + b) / 2 + (fb - fa) / (2 * lipschitz))
            for (a, fa), (b, fb) in zip(known, known[1:])
        )
        if height <= best + epsilon:
            return points
        points.append(at)
        known.append((at, f(at)))


METHODS = {"brent": brent, "direct": direct, "soo": soo, "sequool": sequool, "piyavskii-shubert": piyavskii_shubert}
found = {method: {name: run(f) for name, f in FUNCTIONS.items()} for method, run in METHODS.items()}
path = pathlib.Path(__file__).with_suffix(".json")
best = {name: scipy_direct(f) for name, f in FUNCTIONS.items()}
path.write_text(json.dumps({"scipy": scipy.__version__, "numpy": np.__version__, "found": found, "scipy_direct": best}) + "\n")
for method, by in found.items():
    print(method, {name: len(points) for name, points in by.items()})
