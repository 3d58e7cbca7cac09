"""Regularized policies to thirty digits by bisection: writes solver.json beside itself.

    pip install mpmath==1.3.0 && python solver.py
"""

import json
import pathlib
import random

import mpmath

mpmath.mp.dps = 50


def solve(power, prior, q, scale):
    highest = max(value for value, p in zip(q, prior) if p > 0)
    prior, gaps = [mpmath.mpf(p) for p in prior], [mpmath.mpf(highest) - mpmath.mpf(value) for value in q]
    weight = (lambda p: p) if power == 1 else mpmath.sqrt
    terms = lambda delta: [
        (scale * weight(p) / (delta + gap)) ** power if p > 0 else mpmath.mpf(0) for p, gap in zip(prior, gaps)]
    low, high = mpmath.mpf(10) ** -40, mpmath.mpf(scale) * len(q)
    for _ in range(300):
        middle = (low + high) / 2
        low, high = (middle, high) if mpmath.fsum(terms(middle)) > 1 else (low, middle)
    return [float(term) for term in terms(low)]


def main():
    rng = random.Random(1)
    cases = []
    for actions, sharpness in ((2, 1), (4, 0.3), (18, 3), (18, 0.03), (82, 0.3)):
        for scale in (0.003, 0.2, 4.0):
            prior = [rng.gammavariate(sharpness, 1) for _ in range(actions)]
            if actions == 18 and sharpness == 3:
                prior[5] = 0.0
            total = sum(prior)
            prior = [p / total for p in prior]
            q = [rng.random() for _ in range(actions)]
            q[5 % actions] = max(q) + 0.1 if actions == 18 else q[5 % actions]
            case = {"prior": prior, "q": q, "lambda": scale}
            cases.append(case | {"kl": solve(1, prior, q, scale), "hellinger": solve(2, prior, q, scale)})
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
