"""Numbers that the tests draw in Rust and PyTorch alike, so that no weights have to be stored.

`values(name, count)` is a pure function of the name: FNV-1a of its bytes, one splitmix64 step per index, the upper
24 bits as a number in [-1, 1). Every value is exact in single precision. Its twin is `tests/common/mod.rs`.
"""

import numpy as np


def fnv1a(name):
    code = 0xCBF29CE484222325
    for byte in name.encode():
        code = ((code ^ byte) * 0x100000001B3) % 2**64
    return code


def values(name, count):
    with np.errstate(over="ignore"):
        z = np.uint64(fnv1a(name)) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2.0**23 - 1.0


def parameter(name, shape):
    """Weights uniform with He's deviation, scales around one, shifts around zero."""
    count = int(np.prod(shape))
    if len(shape) > 1:
        bound = np.float32(np.sqrt(6.0 / (count / shape[0])))
        return (values(name, count).astype(np.float32) * bound).astype(np.float64).reshape(shape)
    middle = np.float32(1.0 if name.endswith("gamma") else 0.0)
    return (values(name, count).astype(np.float32) * np.float32(0.25) + middle).astype(np.float64)


def digest(name, tensor):
    """What is stored of a tensor: largest entry, norm, four random projections, and up to 16 entries."""
    flat = tensor.detach().double().reshape(-1).numpy()
    count = flat.size
    projections = [float(flat @ values(f"projection {index} {name}", count)) for index in range(4)]
    kept = min(count, 16)
    entries = flat[(np.arange(kept) * count) // kept]
    return [float(np.abs(flat).max()), float(np.linalg.norm(flat)), *projections, *entries.tolist()]
