"""Reads the TensorBoard events of a run with tensorboard itself and compares them with its `metrics.jsonl`.

    pip install tensorboard==2.21.0
    python read_events.py RUN_DIRECTORY
"""

import json
import math
import struct
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def main(run):
    accumulator = EventAccumulator(str(run), size_guidance={"scalars": 0})
    accumulator.Reload()
    read = {
        (tag, scalar.step): scalar.value
        for tag in accumulator.Tags()["scalars"]
        for scalar in accumulator.Scalars(tag)
    }
    logged = {}
    for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        step = record.pop("step")
        logged.update({(tag, step): float(value) for tag, value in record.items()})
    assert read.keys() == logged.keys(), read.keys() ^ logged.keys()
    for key, value in logged.items():
        single = struct.unpack("<f", struct.pack("<f", value))[0]
        assert read[key] == single or (math.isnan(read[key]) and math.isnan(single)), (key, read[key], value)
    print(f"{len(read)} scalars of {len(accumulator.Tags()['scalars'])} tags agree")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
