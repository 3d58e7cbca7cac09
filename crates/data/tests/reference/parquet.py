"""Writes the Parquet files of `../parquet.rs`, whose values are listed there. pyarrow 26.0.1, polars 2.1.0."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).parent


def main():
    columns = pa.table(
        {
            "file": ["a.png", "b.png", "ü.png", "d.png", ""],
            "label": pa.array([3, -1, 2, 2, 0], pa.int64()),
            "x_0": pa.array([0.5, 1.5, -2.5, 0.25, 4.0], pa.float32()),
            "x_1": pa.array([0.1, 1e300, -0.5, 0.2, 5e-324], pa.float64()),
            "x_2": pa.array([1, 2, 3, 4, 255], pa.uint8()),
            "half": pa.array([0.5, -1.0, 2.0, 0.099975586, 65504.0], pa.float16()),
            "large": pa.array([0, 1, 2, 3, 2**64 - 1], pa.uint64()),
            "unsigned": pa.array([0, 1, 2, 3, 2**32 - 1], pa.uint32()),
            "is_new": [True, False, True, True, False],
            "when": pa.array([0, 1, 2, 3, 4], pa.timestamp("ms")),
        }
    )
    pq.write_table(columns, FOLDER / "columns.parquet", compression="snappy", row_group_size=2)

    rows = [[0.0, 0.5, 1.0], [1.5, 2.0, 2.5], [-3.0, 1e-3, 3.5], [4.0, 4.5, 5.0]]
    lists = pa.table(
        {
            "embeddings": pa.array(rows, pa.list_(pa.float32(), 3)),
            "doubles": pa.array(rows, pa.list_(pa.float64())),
            "messages": pa.array([[3, 1, 0], [2, 0, 0], [1, 1, 1], [0, 0, 0]], pa.list_(pa.int16())),
        }
    )
    for codec in ["gzip", "zstd", "none"]:
        pq.write_table(lists, FOLDER / f"lists-{codec}.parquet", compression=codec, row_group_size=3)
    pq.write_table(
        lists, FOLDER / "lists-v2.parquet", compression="zstd", data_page_version="2.0", use_dictionary=False
    )

    frame = pl.DataFrame(
        {"name": ["a", "b", "c", "d"], "embeddings": rows, "any": rows},
        schema={"name": pl.String, "embeddings": pl.Array(pl.Float32, 3), "any": pl.List(pl.Float64)},
    )
    frame.write_parquet(FOLDER / "polars.parquet")

    nan = float("nan")
    faults = pa.table(
        {
            "null": pa.array([1.0, None, 3.0, 4.0], pa.float32()),
            "nan_0": pa.array([1.0, 2.0, 3.0, 4.0], pa.float32()),
            "nan_1": pa.array([1.0, 2.0, nan, 4.0], pa.float32()),
            "ragged": pa.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [1.0]], pa.list_(pa.float32())),
            "empty": pa.array([[1.0, 2.0], [], [1.0, 2.0], [1.0]], pa.list_(pa.float32())),
            "null_list": pa.array([[1.0, 2.0], [1.0, 2.0], None, [1.0, 2.0]], pa.list_(pa.float32())),
            "null_element": pa.array([[1.0, 2.0], [1.0, None], [1.0, 2.0], [1.0, 2.0]], pa.list_(pa.float32())),
            "deep": pa.array([[[1.0]], [[2.0]], [[3.0]], [[4.0]]], pa.list_(pa.list_(pa.float32()))),
            "struct": pa.array([{"a": 1, "b": 2}] * 4),
            "gap_0": [1, 2, 3, 4],
            "gap_2": [1, 2, 3, 4],
            "mixed_0": [1.0, 2.0, 3.0, 4.0],
            "mixed_1": ["a", "b", "c", "d"],
        }
    )
    pq.write_table(faults, FOLDER / "faults.parquet", compression="snappy")


main()
