"""Scalars as distributions over whole numbers (MuZero, appendix F): writes support.json beside itself.

    pip install numpy==2.4.6 mpmath==1.3.0 && python support.py
"""

import json
import pathlib

import mpmath
import numpy as np

mpmath.mp.dps = 40
EPSILON = mpmath.mpf("0.001")


def scale(x):
    x = mpmath.mpf(x)
    return mpmath.sign(x) * (mpmath.sqrt(abs(x) + 1) - 1) + EPSILON * x


def unscale(y):
    """By bisection, not by the formula that is to be tested."""
    low, high = mpmath.mpf(-(10**7)), mpmath.mpf(10**7)
    for _ in range(150):
        middle = (low + high) / 2
        low, high = (middle, high) if scale(middle) < y else (low, middle)
    return low


def row(value, limit, is_scaled):
    place = float(scale(value)) if is_scaled else value
    place = min(max(place, -limit), limit)
    # The weight of a number is what a triangle of half-width 1 around it has at the place.
    return np.maximum(0.0, 1.0 - np.abs(np.arange(-limit, limit + 1) - place)).tolist()


def expectation(logits, limit, is_scaled):
    shares = np.exp(logits - np.logaddexp.reduce(logits))
    mean = float(shares @ np.arange(-limit, limit + 1))
    return float(unscale(mean)) if is_scaled else mean


rng = np.random.default_rng(1)
xs = [0.0, 0.001, -0.5, 1.0, -3.0, 8.0, 99.0, -300.0, 1e4, -1e6]
rows = []
for limit, is_scaled in [(1, False), (1, True), (10, True), (300, True), (4, False)]:
    for value in [0.0, 1.0, -1.0, 0.375, -3.0, 42.0, 5e5]:
        # Written with few digits, so that both programs begin with the same numbers.
        logits = np.round(rng.normal(0.0, 2.0, 2 * limit + 1), 3)
        rows.append({
            "support": {"limit": limit, "is_scaled": is_scaled},
            "value": value,
            "row": row(value, limit, is_scaled),
            "logits": logits.tolist(),
            "expectation": expectation(logits, limit, is_scaled),
        })
text = json.dumps({"scale": [[x, float(scale(x))] for x in xs], "rows": rows})
pathlib.Path(__file__).with_name("support.json").write_text(text + "\n")
