"""Two BYOL views per picture on one core: this project against torchvision, on the same files.

    python benchmarks/augmentation.py [--photos FOLDER_OR_TAR] [--cifar FOLDER_OR_BATCH.bin[.gz]] [--rounds 7]

Builds the example `augmentation_throughput` in release mode, then runs all contestants in turn, round after round,
and prints medians over the rounds: milliseconds per picture, pictures per second, and the ratio to ours.
Without paths, pictures are generated: smooth shapes with noise, 500 x 375 JPEG of quality 90 and 32 x 32 PNG.

Times are processor time of one thread, which on an idle machine is wall-clock time and on a busy one excludes waiting.

Contestants
- ours, torchvision's definitions: ten-attempt crop, antialiased bicubic, torchvision's colour operations;
- ours, BYOL's definitions: single-draw crop, bicubic without antialiasing, colour in HSV (less work in resizing);
- torchvision on PIL images (its usual form), and torchvision v2 on uint8 tensors (its documentation's advice).
All have the same probabilities and ranges (Grill et al. 2020, table 6). All decode once and make both views. The PIL form
jitters in 8 bits; ours computes in 32-bit floats throughout. torchvision blurs with a two-dimensional convolution, ours with
two one-dimensional ones, which is a good part of the difference at 224 pixels.
"""

import argparse
import gzip
import io
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import PIL.Image
import torch
import torchvision
from torchvision import io as tvio
from torchvision import transforms as v1
from torchvision.transforms import v2

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
BICUBIC = v1.InterpolationMode.BICUBIC


def generate(folder, count, width, height, name):
    rng = np.random.default_rng(0)
    for index in range(count):
        y, x = np.mgrid[0:height, 0:width] / max(width, height)
        waves = [np.sin(rng.uniform(5, 40) * x + rng.uniform(5, 40) * y + c) for c in range(3)]
        pixels = 127 + 90 * np.stack(waves, -1) + rng.normal(0, 8, (height, width, 3))
        pixels = PIL.Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        pixels.save(folder / name.format(index), quality=90)


def photos(path, folder, limit):
    """Copies up to `limit` JPEG files to `folder`."""
    if path is None:
        return generate(folder, limit, 500, 375, "{:04}.jpg")
    path = pathlib.Path(path)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg"})[:limit]
        for index, file in enumerate(files):
            (folder / f"{index:04}.jpg").write_bytes(file.read_bytes())
        return
    with tarfile.open(path) as tar:
        members = sorted((m for m in tar if m.name.lower().endswith((".jpg", ".jpeg"))), key=lambda m: m.name)
        # Spread over the classes.
        for index, member in enumerate(members[:: max(1, len(members) // limit)][:limit]):
            (folder / f"{index:04}.jpg").write_bytes(tar.extractfile(member).read())


def cifar(path, folder, limit):
    """Writes up to `limit` pictures of CIFAR's binary format as PNG to `folder`."""
    if path is None:
        return generate(folder, limit, 32, 32, "{:04}.png")
    path = pathlib.Path(path)
    if path.is_dir():
        path = sorted(p for p in path.iterdir() if p.name.endswith((".bin", ".bin.gz")))[0]
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    records = np.frombuffer(data, np.uint8).reshape(-1, 3073)[:limit, 1:].reshape(-1, 3, 32, 32)
    for index, record in enumerate(records):
        PIL.Image.fromarray(record.transpose(1, 2, 0)).save(folder / f"{index:04}.png")


def pipelines(t, size, tensors):
    def view(blur, solarize):
        steps = [
            t.RandomResizedCrop(size, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3), interpolation=BICUBIC, antialias=True),
            t.RandomHorizontalFlip(0.5),
            t.RandomApply([t.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=0.8),
            t.RandomGrayscale(0.2),
            t.RandomApply([t.GaussianBlur(2 * (size // 20) + 1, sigma=(0.1, 2.0))], p=blur),
            t.RandomSolarize(128, p=solarize),
            t.ToDtype(torch.float32, scale=True) if tensors else t.ToTensor(),
            t.Normalize(MEAN, STD),
        ]
        return t.Compose(steps)

    return [view(1.0, 0.0), view(0.1, 0.2)]


class Torchvision:
    """Seconds for one pass over the files."""

    def __init__(self, files, size, tensors):
        self.files = [file.read_bytes() for file in files]
        self.tensors = tensors
        self.views = pipelines(v2 if tensors else v1, size, tensors)
        self.decoded = [self.decode(data) for data in self.files]

    def decode(self, data):
        if self.tensors:
            return tvio.decode_image(torch.frombuffer(bytearray(data), dtype=torch.uint8), tvio.ImageReadMode.RGB)
        return PIL.Image.open(io.BytesIO(data)).convert("RGB")

    def run(self, mode):
        start = time.process_time()
        for data, image in zip(self.files, self.decoded):
            if mode != "views":
                image = self.decode(data)
            if mode != "decode":
                for view in self.views:
                    view(image)
        return (time.process_time() - start) / len(self.files)


class Ours:
    def __init__(self, binary, folder, size, style):
        self.command = lambda mode, passes: [str(binary), str(folder), str(size), str(passes), mode, style]
        self.passes = 1 if size > 64 else 10

    def run(self, mode):
        output = subprocess.run(self.command(mode, self.passes), check=True, capture_output=True, text=True).stdout
        result = json.loads(output)
        return result["seconds"] / result["images"]


def compare(title, folder, size, modes, binary, rounds):
    files = sorted(folder.iterdir())
    contestants = {
        "ours, torchvision's definitions": Ours(binary, folder, size, "torchvision"),
        "ours, BYOL's definitions": Ours(binary, folder, size, "byol"),
        "torchvision, PIL": Torchvision(files, size, tensors=False),
        "torchvision v2, uint8 tensors": Torchvision(files, size, tensors=True),
    }
    print(f"\n{title}: {len(files)} pictures, {rounds} rounds")
    for mode in modes:
        times = {name: [] for name in contestants}
        for round in range(rounds + 1):
            for name, contestant in contestants.items():
                seconds = contestant.run(mode)
                if round > 0:  # The first round warms caches.
                    times[name].append(seconds)
        ours = statistics.median(times["ours, torchvision's definitions"])
        print(f"  {mode:34} {'ms/picture':>10} {'(fastest)':>10} {'pictures/s':>11} {'ratio':>7}")
        for name, values in times.items():
            median = statistics.median(values)
            fastest = min(values)
            print(f"    {name:32} {median * 1e3:10.3f} {fastest * 1e3:10.3f} {1 / median:11.0f} {median / ours:6.2f}x")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", help="folder or tar of JPEG files; absent, generated")
    parser.add_argument("--cifar", help="CIFAR binary batch, or a folder with one; absent, generated")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=int, default=100, help="photos at most (ten times as many small pictures)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    build = ["cargo", "build", "--release", "-q", "-p", "autodidact-data", "--example", "augmentation_throughput"]
    subprocess.run(build, cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = target / "release/examples/augmentation_throughput"
    print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, Pillow {PIL.__version__}", end=", ")
    print(f"Python {sys.version.split()[0]}, one thread each")
    with tempfile.TemporaryDirectory() as large, tempfile.TemporaryDirectory() as small:
        large, small = pathlib.Path(large), pathlib.Path(small)
        photos(arguments.photos, large, arguments.limit)
        cifar(arguments.cifar, small, 10 * arguments.limit)
        compare("JPEG to two 224 px views", large, 224, ["decode", "views", "both"], binary, arguments.rounds)
        compare("32 px to two 32 px views", small, 32, ["views"], binary, arguments.rounds)


if __name__ == "__main__":
    main()
