"""Writes every-type.gguf, by GGML's Python package: every type of metadata and of tensors; and every-type.json, what is in it.

    python gguf_files.py    (gguf 0.19.0, numpy 2.4.6)

Numbers of tensors are the bytes of little-endian single precision, hexadecimal.
"""

import importlib.metadata
import json
import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFValueType as Kind
from gguf.quants import dequantize

VERSION = importlib.metadata.version("gguf")
assert VERSION == "0.19.0", VERSION
FOLDER = pathlib.Path(__file__).parent
random = np.random.default_rng(11)

HALVES = {
    Type.Q8_0: [0], Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q2_K: [80, 82],
    Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208],
}


def tensor(kind):
    """Bytes of a matrix of two rows of 256, and its numbers."""
    if kind in (Type.F32, Type.F16, Type.BF16):
        values = random.standard_normal((2, 256)).astype("<f4")
        data = gguf.quants.quantize(values, kind)
        values = dequantize(data, kind)
        return data, values
    size, bytes_ = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (512 // size, bytes_), dtype=np.uint8)
    for place in HALVES[kind]:
        halves = random.standard_normal(len(blocks)).astype("<f2")
        blocks[:, place : place + 2] = halves.view(np.uint8).reshape(-1, 2)
    data = blocks.reshape(2, -1)
    return data, dequantize(data, kind)


def main():
    writer = gguf.GGUFWriter(FOLDER / "every-type.gguf", "gemma2")
    values = [
        ("a.uint8", 200, Kind.UINT8), ("a.int8", -100, Kind.INT8), ("a.uint16", 60000, Kind.UINT16),
        ("a.int16", -30000, Kind.INT16), ("a.uint32", 4000000000, Kind.UINT32), ("a.int32", -2000000000, Kind.INT32),
        ("a.float32", 0.5, Kind.FLOAT32), ("a.bool", True, Kind.BOOL), ("a.string", "ñandú ▁ 🦤", Kind.STRING),
        ("a.uint64", 2**63 + 1, Kind.UINT64), ("a.int64", -(2**62), Kind.INT64), ("a.float64", 0.1, Kind.FLOAT64),
    ]
    arrays = [
        ("b.uint8", [0, 255], Kind.UINT8), ("b.int8", [-128, 127], Kind.INT8), ("b.uint16", [1, 65535], Kind.UINT16),
        ("b.int16", [-1, 1], Kind.INT16), ("b.uint32", [1], Kind.UINT32), ("b.int32", [-5, 6, 7], Kind.INT32),
        ("b.float32", [1.5, -2.25], Kind.FLOAT32), ("b.bool", [True, False], Kind.BOOL),
        ("b.string", ["", "▁the", "\n"], Kind.STRING), ("b.uint64", [2**40], Kind.UINT64),
        ("b.int64", [-(2**40)], Kind.INT64), ("b.float64", [0.1, 0.2], Kind.FLOAT64),
    ]
    for key, value, kind in values:
        writer.add_key_value(key, value, kind)
    for key, value, kind in arrays:
        writer.add_key_value(key, value, Kind.ARRAY, sub_type=kind)
    tensors = {}
    for kind in [Type.F32, Type.F16, Type.BF16, *HALVES]:
        data, numbers = tensor(kind)
        writer.add_tensor(f"of.{kind.name}", data, raw_dtype=kind)
        tensors[f"of.{kind.name}"] = {"format": kind.name, "shape": [2, 256], "values": numbers.astype("<f4").tobytes().hex()}
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    expected = {"gguf": VERSION, "tensors": tensors}
    (FOLDER / "every-type.json").write_text(json.dumps(expected, indent=1) + "\n")


main()
