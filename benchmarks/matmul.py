"""Times the matrix products of `autodidact-kernels`, of PyTorch and of the crate `gemm`, turn by turn on the same shapes.

    cargo build --release -p autodidact-kernels --example time_kernels
    python benchmarks/matmul.py --threads 1 [--program target/release/examples/time_kernels] [--rounds 5]

For each shape (batch x m x k x n; `t` where `b` is stored as [n, k], as the weights of a dense layer are) and precision it
prints the median milliseconds of all, our GFLOP/s at the median, our share of the peak, and the ratio of each rival's
median to ours (above 1 we are faster). The peak is that of a loop of multiplications and additions in the registers of as
many threads, measured in turn with the products of each shape, so that both see the same clock. In bfloat16 our
operands are f32 and are rounded on the way, PyTorch's are bfloat16 already; `gemm` has no bfloat16.
"""

import argparse
import os
import statistics
import subprocess
import time

# batch, m, k, n, whether b is stored transposed
SHAPES = [
    (1, 2048, 2048, 2048, 0),
    (1, 1024, 1024, 1024, 0),
    (1, 512, 512, 512, 0),
    (1, 512, 512, 512, 1),
    (1, 256, 512, 64, 0),
    (1, 256, 64, 512, 0),
    (1, 512, 2048, 512, 0),
    (1, 512, 2048, 512, 1),
    (1, 64, 4096, 256, 0),
    (1, 64, 4096, 256, 1),
    (8, 128, 64, 128, 0),
    (8, 128, 64, 128, 1),
    (1, 8, 1024, 1024, 1),
    (1, 1, 2048, 2048, 0),
    (1, 1, 2048, 2048, 1),
    (1, 2048, 2048, 1, 0),
]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side; one more warms up")
    parser.add_argument("--seconds", type=float, default=0.05, help="roughly, of work in a turn")
    parser.add_argument("--program", default="target/release/examples/time_kernels")
    parser.add_argument("--precision", choices=["f32", "bf16"], action="append", help="both if not given")
    parser.add_argument("--only", default="", help="shapes whose label contains this")
    return parser.parse_args()


ARGUMENTS = parse_arguments()
os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = str(ARGUMENTS.threads)

import torch  # noqa: E402 (the threads are set before it starts)


class Ours:
    """The timing program, asked line by line."""

    def __init__(self):
        self.process = subprocess.Popen(
            [ARGUMENTS.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def peak(self, ending):
        """Operations per second of all threads."""
        print("peak" + ending, file=self.process.stdin, flush=True)
        return 1 / float(self.process.stdout.readline())

    def time(self, name, repeats, *numbers):
        # Each request makes its matrices anew; the first run touches them.
        print(name, repeats + 1, *numbers, file=self.process.stdin, flush=True)
        return [float(word) for word in self.process.stdout.readline().split()][1:]


def time_torch(a, b, repeats):
    a @ b
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - start)
    return seconds


def compare(ours, shape, precision):
    batch, m, k, n, transposed = shape
    label = f"{batch}x{m}x{k}x{n}{'t' if transposed else ''}"
    if ARGUMENTS.only not in label:
        return
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
    a = torch.randn(batch, m, k).to(dtype)
    b = torch.randn(batch, n, k).to(dtype).mT if transposed else torch.randn(batch, k, n).to(dtype)
    if batch == 1:
        a, b = a[0], b[0]
    flops = 2 * batch * m * k * n
    # At 100 GFLOP/s.
    repeats = min(200, max(3, round(ARGUMENTS.seconds * 1e11 / flops)))
    ending = "_bf16" if precision == "bf16" else ""
    peaks, seconds = [], {"ours": [], "torch": [], "gemm": []}
    for turn in range(ARGUMENTS.rounds + 1):
        round_seconds = {
            "ours": ours.time("matmul" + ending, repeats, *shape),
            "torch": time_torch(a, b, repeats),
            "gemm": ours.time("gemm", repeats, *shape) if precision == "f32" else [],
        }
        peaks.append(ours.peak(ending))
        for name in seconds if turn > 0 else []:
            seconds[name] += round_seconds[name]
    median = {name: statistics.median(values) for name, values in seconds.items() if values}
    rate = flops / median["ours"] / 1e9
    peak = statistics.median(peaks) / 1e9
    times = " ".join(f"{median[name] * 1e3:9.3f}" if name in median else " " * 9 for name in ("ours", "torch", "gemm"))
    ratios = " ".join(
        f"{median[name] / median['ours']:8.2f}" if name in median else " " * 8 for name in ("torch", "gemm")
    )
    print(f"{precision:5} {label:20} {times} {rate:8.1f} {peak:8.1f} {rate / peak:6.0%} {ratios}", flush=True)


def main():
    torch.set_num_threads(ARGUMENTS.threads)
    ours = Ours()
    print(f"torch {torch.__version__}, {ARGUMENTS.threads} thread(s), median of {ARGUMENTS.rounds} turns")
    columns = f"{'ours ms':>9} {'torch':>9} {'gemm':>9} {'GFLOP/s':>8} {'peak':>8} {'share':>6} {'torch/us':>8} {'gemm/us':>8}"
    print(f"{'':5} {'shape':20} {columns}")
    with torch.no_grad():
        for precision in ARGUMENTS.precision or ["f32", "bf16"]:
            for shape in SHAPES:
                compare(ours, shape, precision)


if __name__ == "__main__":
    main()
