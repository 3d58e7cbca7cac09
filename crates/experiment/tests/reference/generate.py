"""Writes the reference values beside this file.

    pip install numpy==2.4.6 scipy==1.17.1 tensorboard==2.21.0
    python generate.py

Statistics are scipy's, event bytes are tensorboard's, and the generator is written here from its definition
(Bernstein 2008, "ChaCha, a variant of Salsa20", with 8 rounds, a 64-bit counter and a 64-bit nonce of zero).
"""

import hashlib
import io
import json
import struct
from pathlib import Path

import numpy as np
from scipy import stats
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

HERE = Path(__file__).parent


def rotate(value, bits):
    return ((value << bits) | (value >> (32 - bits))) & 0xFFFFFFFF


def quarter_round(x, a, b, c, d):
    for first, second, third, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[first] = (x[first] + x[second]) & 0xFFFFFFFF
        x[third] = rotate(x[third] ^ x[first], bits)


def chacha8_block(key, counter):
    state = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key))
    state += [counter & 0xFFFFFFFF, counter >> 32, 0, 0]
    x = state.copy()
    for _ in range(4):
        quarter_round(x, 0, 4, 8, 12)
        quarter_round(x, 1, 5, 9, 13)
        quarter_round(x, 2, 6, 10, 14)
        quarter_round(x, 3, 7, 11, 15)
        quarter_round(x, 0, 5, 10, 15)
        quarter_round(x, 1, 6, 11, 12)
        quarter_round(x, 2, 7, 8, 13)
        quarter_round(x, 3, 4, 9, 14)
    return [(a + b) & 0xFFFFFFFF for a, b in zip(x, state)]


def words(seed, name, counters, count):
    text = b"autodidact-stream-1" + struct.pack("<QQ", seed, len(name.encode())) + name.encode()
    text += struct.pack(f"<Q{len(counters)}Q", len(counters), *counters)
    key = hashlib.sha256(text).digest()
    stream = [word for block in range(count // 16 + 1) for word in chacha8_block(key, block)]
    return stream[:count]


def rng():
    cases = [(0, "", []), (7, "augmentation", []), (2**64 - 1, "größe", []), (7, "augmentation", [3, 42, 1])]
    return [
        {"seed": seed, "name": name, "counters": counters, "words": words(seed, name, counters, 40)}
        for seed, name, counters in cases
    ]


def interval(values, statistic, **options):
    result = stats.bootstrap(
        (values,), statistic, n_resamples=200_000, batch=10_000, confidence_level=0.95, method="percentile",
        random_state=np.random.default_rng(0), **options,
    )
    return [result.confidence_interval.low, result.confidence_interval.high]


def statistics():
    generator = np.random.default_rng(1)
    samples = []
    for size in (5, 8, 11, 30):
        values = np.round(generator.normal(60.0, 3.0, size) + generator.exponential(2.0, size), 3)
        samples.append({
            "values": values.tolist(),
            "mean": values.mean(),
            "std": values.std(ddof=1),
            "trim_mean_25": stats.trim_mean(values, 0.25),
            "mean_ci": interval(values, np.mean),
            "iqm_ci": interval(values, lambda x, axis: stats.trim_mean(x, 0.25, axis=axis)),
        })
    first = np.round(generator.normal(62.0, 4.0, 8), 3)
    second = np.round(first - 3.0 + generator.normal(0.0, 1.0, 8), 3)
    difference = first - second
    paired = {
        "first": first.tolist(), "second": second.tolist(), "mean": difference.mean(), "ci": interval(difference, np.mean),
    }
    return {"samples": samples, "paired": paired}


def proportions():
    counted = [(0, 400), (5, 100), (73, 1000), (10, 10), (1, 2000), (1999, 2000)]
    return [
        {"successes": successes, "trials": trials, "interval": list(stats.binomtest(successes, trials).proportion_ci(0.95, "exact"))}
        for successes, trials in counted
    ]


def events():
    def scalars(wall_time, step, values):
        summary = summary_pb2.Summary(
            value=[summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in values]
        )
        return event_pb2.Event(wall_time=wall_time, step=step, summary=summary)

    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    for event in (
        event_pb2.Event(wall_time=1_700_000_000.25, file_version="brain.Event:2"),
        scalars(1_700_000_001.5, 0, [("loss/total", 0.75)]),
        scalars(1_700_000_002.5, 300, [("loss/total", 0.1), ("eval/top1", 61.25)]),
        scalars(1_700_000_003.5, 5_000_000_000, [("loss/total", float("nan")), ("größe", -1e-30)]),
    ):
        writer.write(event.SerializeToString(deterministic=True))
    return buffer.getvalue()


def main():
    (HERE / "rng.json").write_text(json.dumps(rng(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (HERE / "statistics.json").write_text(json.dumps(statistics(), indent=1) + "\n", encoding="utf-8")
    (HERE / "proportions.json").write_text(json.dumps(proportions(), indent=1) + "\n", encoding="utf-8")
    (HERE / "tensorboard.events").write_bytes(events())


if __name__ == "__main__":
    main()
