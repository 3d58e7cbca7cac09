"""Writes ggml.json: numbers, and the blocks that llama.cpp's own library makes of them without weights of importance.

    python ggml.py LIBRARY    (libggml-base.so of llama-cpp-python 0.3.36, which is llama.cpp 0c1e570, x86-64; numpy 2.4.6)

Everything is hexadecimal: blocks as the bytes of a file, numbers as the bytes of little-endian single precision.
"""

import ctypes
import json
import pathlib
import sys

import numpy as np

# The number of a format in the library, and bytes of 256 numbers.
FORMATS = {
    "Q4_0": (2, 144), "Q4_1": (3, 160), "Q5_0": (6, 176), "Q5_1": (7, 192), "Q8_0": (8, 272), "Q2_K": (10, 84),
    "Q3_K": (11, 110), "Q4_K": (12, 144), "Q5_K": (13, 176), "Q6_K": (14, 210),
}

library = ctypes.CDLL(sys.argv[1])
library.ggml_quantize_chunk.restype = ctypes.c_size_t
library.ggml_quantize_chunk.argtypes = [
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p,
]


def quantize(values, name):
    number, size = FORMATS[name]
    rows = len(values)
    out = np.zeros((rows, size), np.uint8)
    written = library.ggml_quantize_chunk(number, values.ctypes.data, out.ctypes.data, 0, rows, 256, None)
    assert written == out.size, (name, written)
    return out


def numbers():
    random = np.random.default_rng(3)
    rows = [
        random.standard_normal(256),
        random.standard_normal(256) * 0.02,
        random.standard_t(2, 256),
        np.abs(random.standard_normal(256)) + 1,
        random.uniform(-1, 1, 256) * np.repeat(10.0 ** random.integers(-4, 2, 16), 16),
        np.where(np.arange(256) < 160, 0, random.standard_normal(256)),
        np.round(random.standard_normal(256) * 2) / 2,
        np.full(256, -0.7),
    ]
    return np.ascontiguousarray(rows, dtype="<f4")


if __name__ == "__main__":
    values = numbers()
    blocks = {name: quantize(values, name).tobytes().hex() for name in FORMATS}
    result = {"llama.cpp": "0c1e570", "values": values.tobytes().hex(), "blocks": blocks}
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
