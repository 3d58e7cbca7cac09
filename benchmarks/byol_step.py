"""BYOL training steps here and in PyTorch, on the same configuration, interleaved.

    cargo build --release --example time_training
    python benchmarks/byol_step.py [--threads 2] [--rounds 5] [--steps 5]

Needs torch (2.x). A step is two views through online and target network, loss, backward, SGD with momentum, target update; in
rows that say so, making the two views of 32 px pictures in memory too, with as many loader threads here, and there
torchvision's transforms of PIL images (the faster of its two forms at this size) in as many worker processes. Both run in f32 and in bf16 (autocast), PyTorch channels-last; each
side runs in a process of its own, so that peak memory is its own. Prints medians over rounds, images/s, and
ratios (above 1: we are faster, or need more memory).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

CONFIGS = [
    # name, preset, stages, width, heads (hidden, out), side, batch, norm, views, steps for each one asked for
    ("ResNet-8 w16, 24 px, batch 256, batch norm", "cpu-small", [1, 1, 1], 16, (512, 64), 24, 256, "batch", "fixed", 2),
    ("the same, views included", "cpu-small", [1, 1, 1], 16, (512, 64), 24, 256, "batch", "augmented", 4),
    ("ResNet-8 w16, 24 px, batch 256, GN+WS", "cpu-small", [1, 1, 1], 16, (512, 64), 24, 256, "group", "fixed", 2),
    ("the same, views included", "cpu-small", [1, 1, 1], 16, (512, 64), 24, 256, "group", "augmented", 4),
    ("ResNet-18, 32 px, batch 256, batch norm, views included", "cifar", [2, 2, 2, 2], 64, (1024, 256), 32, 256, "batch", "augmented", 1),
]
# Batches that are ready when the clock starts would make the first steps look fast.
PREPARED = 4


class Pictures:
    """Two views of each picture; read by worker processes."""

    def __init__(self, count, side):
        import numpy as np
        import PIL.Image
        from augmentation import pipelines
        from torchvision import transforms

        pixels = np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)
        self.images = [PIL.Image.fromarray(image) for image in pixels]
        self.views = pipelines(transforms, side, tensors=False)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return [view(self.images[index]) for view in self.views]


def one_thread(_):
    """Workers are as many as the threads; each has one."""
    import torch

    torch.set_num_threads(1)


def torch_side(index, bf16, steps, threads):
    """One process: seconds per step, then the peak memory."""
    import resource

    import torch
    import torch.nn.functional as F
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    _, _, blocks, width, (hidden, out), side, batch, norm, kind, _ = CONFIGS[index]

    class WSConv(nn.Conv2d):
        def forward(self, x):
            w = self.weight.flatten(1)
            w = (w - w.mean(1, keepdim=True)) / (w.std(1, keepdim=True) + 1e-5)
            return self._conv_forward(x, w.view_as(self.weight), None)

    class WSLinear(nn.Linear):
        def forward(self, x):
            w = (self.weight - self.weight.mean(1, keepdim=True)) / (self.weight.std(1, keepdim=True) + 1e-5)
            return F.linear(x, w, self.bias)

    conv_type = WSConv if norm == "group" else nn.Conv2d
    hidden_type = WSLinear if norm == "group" else nn.Linear

    def groups(channels):
        return next(g for g in range(max(1, min(16, channels // 4)), 0, -1) if channels % g == 0)

    def norm2d(c):
        return nn.GroupNorm(groups(c), c) if norm == "group" else nn.BatchNorm2d(c)

    def norm1d(c):
        return nn.GroupNorm(groups(c), c) if norm == "group" else nn.BatchNorm1d(c)

    def conv(i, o, k, s):
        return conv_type(i, o, k, s, k // 2, bias=False)

    class Block(nn.Module):
        def __init__(self, i, o, s):
            super().__init__()
            self.c1, self.n1, self.c2, self.n2 = conv(i, o, 3, s), norm2d(o), conv(o, o, 3, 1), norm2d(o)
            self.short = nn.Sequential(conv(i, o, 1, s), norm2d(o)) if s != 1 or i != o else nn.Identity()

        def forward(self, x):
            y = self.n2(self.c2(F.relu(self.n1(self.c1(x)), inplace=True)))
            return F.relu(y + self.short(x), inplace=True)

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(conv(3, width, 3, 1), norm2d(width), nn.ReLU(inplace=True))
            layers, channels = [], width
            for stage, count in enumerate(blocks):
                for b in range(count):
                    layers.append(Block(channels, width << stage, 2 if stage and not b else 1))
                    channels = width << stage
            self.layers, self.features = nn.Sequential(*layers), channels

        def forward(self, x):
            return self.layers(self.stem(x)).mean((2, 3))

    def head(i):
        return nn.Sequential(hidden_type(i, hidden), norm1d(hidden), nn.ReLU(inplace=True), nn.Linear(hidden, out, bias=False))

    def tower():
        encoder = Encoder()
        return nn.ModuleList([encoder, head(encoder.features)]).to(memory_format=torch.channels_last)

    online, target, predictor = tower(), tower(), head(out)
    parameters = [*online.parameters(), *predictor.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=5e-4, foreach=True)
    views = [torch.randn(batch, 3, side, side).to(memory_format=torch.channels_last) for _ in range(2)]
    if kind == "augmented":
        loader = torch.utils.data.DataLoader(
            Pictures(batch * (steps + 1), side), batch, shuffle=True, num_workers=threads, worker_init_fn=one_thread
        )
        batches = iter(loader)

    def project(net, x):
        return net[1](net[0](x))

    def loss(p, z):
        return (2 - 2 * F.cosine_similarity(p.float(), z.float(), dim=1)).mean()

    def step():
        nonlocal views
        if kind == "augmented":
            views = [view.to(memory_format=torch.channels_last) for view in next(batches)]
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            with torch.no_grad():
                targets = [project(target, view) for view in views]
            predictions = [predictor(project(online, view)) for view in views]
        total = loss(predictions[0], targets[1]) + loss(predictions[1], targets[0])
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(target.parameters()), list(online.parameters()), 0.01)

    for number in range(steps + 1):
        started = time.perf_counter()
        step()
        if number:
            print(f"{time.perf_counter() - started:.6f}")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}")


def run(command, environment, kind):
    lines = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split("\n")
    times = [float(line) for line in lines if line and not line.startswith("peak")]
    peak = next(float(line.split()[1]) for line in lines if line.startswith("peak"))
    if kind == "augmented" and len(times) > PREPARED:
        # Some steps wait for their views and others do not: only a mean counts both.
        return statistics.mean(times[PREPARED:]), peak
    return statistics.median(times), peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5, help="counted steps per round")
    parser.add_argument("--program", default=None, help="our timing program, built in release")
    parser.add_argument("--only", default="", help="configurations whose name contains this")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--torch-side", nargs=2, metavar=("INDEX", "BF16"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.torch_side:
        index, bf16 = arguments.torch_side
        return torch_side(int(index), bf16 == "1", arguments.steps, arguments.threads)

    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(root, "target"))
    program = arguments.program or os.path.join(target, "release", "examples", "time_training")
    # Some systems choose an old BLAS kernel for old programs; a current library chooses best by itself.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    environment |= {"RAYON_NUM_THREADS": str(arguments.threads), "OMP_NUM_THREADS": str(arguments.threads)}
    results = []
    for index, (name, preset, _, _, _, side, batch, norm, kind, share) in enumerate(CONFIGS):
        if arguments.only not in name:
            continue
        steps = str(share * arguments.steps)
        ours = [program, preset, str(side), str(batch), steps, norm]
        torch = [sys.executable, __file__, "--steps", steps, "--threads", str(arguments.threads), "--torch-side", str(index)]
        sides = {"autodidact f32": [*ours, "f32", kind], "autodidact bf16": [*ours, "bf16", kind], "torch f32": [*torch, "0"], "torch bf16": [*torch, "1"]}
        rounds = {side: [] for side in sides}
        for _ in range(arguments.rounds):
            for label, command in sides.items():
                rounds[label].append(run(command, environment, kind))
        row = {"config": name, "threads": arguments.threads}
        for label, measured in rounds.items():
            seconds = statistics.median(t for t, _ in measured)
            row[label] = {"images_per_second": batch / seconds, "peak_mib": statistics.median(p for _, p in measured)}
        results.append(row)
        if not arguments.json:
            print(f"{name}, {arguments.threads} threads")
            for label in sides:
                this = row[label]
                ratios = ""
                if label.startswith("autodidact"):
                    for other in ("torch f32", "torch bf16"):
                        speed = this["images_per_second"] / row[other]["images_per_second"]
                        memory = this["peak_mib"] / row[other]["peak_mib"]
                        ratios += f"  over {other}: speed {speed:5.2f}, memory {memory:5.2f}"
                print(f"  {label:15} {this['images_per_second']:8.0f} images/s  {this['peak_mib']:7.0f} MiB{ratios}", flush=True)
    if arguments.json:
        print(json.dumps({"version": 1, "results": results}, indent=2))


if __name__ == "__main__":
    main()
