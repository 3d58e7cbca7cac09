"""Writes quantised.json: blocks and the numbers that GGML's Python package reads from them, and numbers and the blocks it makes.

    python quantised.py    (gguf 0.19.0, numpy 2.4.6)

Blocks to read are random bytes but for the numbers in half precision, which are finite. Everything is hexadecimal: blocks as
the bytes of a file, numbers as the bytes of little-endian single precision.
"""

import importlib.metadata
import json
import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.quants import dequantize, quantize

VERSION = importlib.metadata.version("gguf")
assert VERSION == "0.19.0", VERSION
random = np.random.default_rng(7)

# The places of numbers in half precision in a block.
HALVES = {
    "Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}
# Those that the package writes.
WRITTEN = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"]


def read(name):
    kind = Type[name]
    size, bytes_ = gguf.GGML_QUANT_SIZES[kind]
    count = 6 if size == 32 else 2
    blocks = random.integers(0, 256, (count, bytes_), dtype=np.uint8)
    for place in HALVES[name]:
        halves = (random.standard_normal(count) * 10.0 ** random.integers(-6, 3, count)).astype("<f2")
        blocks[:, place : place + 2] = halves.view(np.uint8).reshape(count, 2)
    return {"format": name, "blocks": blocks.tobytes().hex(), "values": dequantize(blocks, kind).astype("<f4").tobytes().hex()}


def numbers():
    blocks = random.standard_normal((8, 32)) * 10.0 ** random.integers(-4, 3, (8, 1))
    blocks[1] = np.round(blocks[1])  # ties
    blocks[2] = 0.0
    blocks[3, 1:] = 0.0
    blocks[4] = 0.75
    blocks[5] = np.abs(blocks[5])
    blocks[6] = np.tile([-3.0, 3.0], 16)
    return blocks.astype("<f4").reshape(1, -1)


def written(name):
    values = numbers()
    return {"format": name, "values": values.tobytes().hex(), "blocks": quantize(values, Type[name]).tobytes().hex()}


values = {"gguf": VERSION, "read": [read(name) for name in HALVES], "written": [written(name) for name in WRITTEN]}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(values, indent=1) + "\n")
