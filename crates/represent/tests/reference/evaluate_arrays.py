"""Writes evaluate_arrays.npz, a file made by numpy for our reader. numpy 2.4.6."""

import numpy as np

np.savez(
    "evaluate_arrays.npz",
    features=np.arange(6, dtype=np.float32).reshape(2, 3) / 2,
    scores=np.array([0.1, 1e300, -0.0]),
    labels=np.array([[-1], [9007199254740993]]),
    files=np.array(["a.png", "", "猫.png"]),
    scalar=np.float64(2.5),
)
