"""Writes arrays.npz, integers.npz and alone.npy, files made by numpy for our reader. numpy 2.4.6."""

import numpy as np

np.savez(
    "arrays.npz",
    features=np.arange(6, dtype=np.float32).reshape(2, 3) / 2,
    scores=np.array([0.1, 1e300, -0.0]),
    labels=np.array([[-1], [9007199254740993]]),
    files=np.array(["a.png", "", "猫.png"]),
    scalar=np.float64(2.5),
)

integers = {}
for name in ["i1", "i2", "i4", "i8", "u1", "u2", "u4"]:
    limits = np.iinfo(name)
    integers[name] = np.array([limits.min, limits.max], dtype=name)
integers["u8"] = np.array([0, 2**63 - 1], dtype="u8")
integers["bool"] = np.array([False, True])
integers["columns"] = np.asfortranarray(np.arange(24, dtype="u2").reshape(2, 3, 4))
integers["large"] = np.array([2**64 - 1], dtype="u8")
integers["big"] = np.array([1], dtype=">i4")
np.savez_compressed("integers.npz", **integers)
np.save("alone.npy", np.array([[1, 2], [3, 4]], dtype="i4"))
