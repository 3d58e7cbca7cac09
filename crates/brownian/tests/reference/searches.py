"""Searches by plain loops over all intervals, after the formulas of the papers alone; no line is shared with the crate.

    python crates/brownian/tests/reference/searches.py > crates/brownian/tests/reference/searches.json

Python 3.12 or later, nothing else. Functions are made of operations that IEEE 754 rounds in one way.
"""

import json
import math


def root(x):
    return -math.sqrt(abs(x - 0.3))


def saw(x):
    return 0.3 * math.fmod(7.3 * x, 1.0) - abs(x - 0.62)


def steps(x):
    return math.floor(9.7 * x) * 0.21 - 2.0 * abs(x - 0.4)


FUNCTIONS = {"root": root, "saw": saw, "steps": steps}


def eta(c, delta, h):
    return math.sqrt(c * h / 2 * math.log(2 / (delta * h)))


def search(f, choose, stops, most):
    """Splits the interval with the largest score in the middle; intervals are (a, b, f(a), f(b))."""
    asked = [0.0, 1.0]
    intervals = [(0.0, 1.0, f(0.0), f(1.0))]
    while len(asked) < most:
        best = max(max(x, y) for _, _, x, y in intervals)
        smallest = min(b - a for a, b, _, _ in intervals)
        scores = [choose(i, best, smallest) for i in intervals]
        at = max(range(len(intervals)), key=lambda i: scores[i])
        if stops(intervals, at, best):
            break
        a, b, x, y = intervals.pop(at)
        m = (a + b) / 2
        v = f(m)
        asked.append(m)
        intervals += [(a, m, x, v), (m, b, v, y)]
    values = [f(x) for x in asked]
    best = max(values)
    return {"asked": asked, "x": asked[values.index(best)], "value": best}


def optimistic(f, c, epsilon, stop):
    bound = lambda i: max(i[2], i[3]) + eta(c, epsilon, i[1] - i[0])
    stops = {
        "width": lambda intervals, at, best: eta(c, epsilon, intervals[at][1] - intervals[at][0]) <= epsilon,
        "gap": lambda intervals, at, best: max(map(bound, intervals)) - best <= epsilon,
    }[stop]
    return search(f, lambda i, best, smallest: bound(i), stops, 10**6)


def posterior(f, epsilon, delta):
    p = lambda i, best: math.exp(-2 * (best + epsilon - i[2]) * (best + epsilon - i[3]) / (i[1] - i[0]))
    stops = lambda intervals, at, best: 1 - math.prod(1 - p(i, best) for i in intervals) <= delta
    return search(f, lambda i, best, smallest: p(i, best), stops, 10**6)


def calvin(f, lam, most):
    def score(i, best, smallest):
        g = math.sqrt(lam * smallest * math.log(1 / smallest))
        product = (best - i[2] + g) * (best - i[3] + g)
        return math.inf if product == 0 else (i[1] - i[0]) / product

    return search(f, score, lambda intervals, at, best: False, most)


def main():
    cases = []
    for name, f in FUNCTIONS.items():
        for c, epsilon, stop in [(5.0, 0.1, "width"), (5.0, 0.05, "gap"), (2.0, 0.02, "width")]:
            found = optimistic(f, c, epsilon, stop)
            cases.append({"function": name, "rule": "optimistic", "c": c, "epsilon": epsilon, "stop": stop, **found})
        for epsilon, delta in [(0.1, 0.1), (0.01, 0.001)]:
            found = posterior(f, epsilon, delta)
            cases.append({"function": name, "rule": "posterior", "epsilon": epsilon, "delta": delta, **found})
        for lam in [0.1, 1.0]:
            cases.append({"function": name, "rule": "calvin", "lambda": lam, **calvin(f, lam, 150)})
    print(json.dumps(cases))


main()
