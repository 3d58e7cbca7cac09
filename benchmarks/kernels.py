"""Times the kernels of `autodidact-kernels` and of PyTorch (channels last), turn by turn on the same shapes.

    cargo build --release -p autodidact-kernels --example time_kernels
    python benchmarks/kernels.py --threads 1 [--program target/release/examples/time_kernels] [--rounds 7]
    ... --precision bf16    activations, their gradients and operands of bfloat16; our weights are f32 and are rounded on the way

Prints, for each pass and shape, the median milliseconds of both, GFLOP/s at the median (convolutions), the ratio of
PyTorch's median to ours (above 1 we are faster), and the same ratio for the fastest runs, which a busy machine
disturbs less. Measurements alternate, so that both see the same machine. `--clock cpu` counts the time the processor
spent on each process instead of the time that passed (Linux): with one thread, other programs then hardly matter.
"""

import argparse
import os
import statistics
import subprocess
import time

# batch, size, channels_in, channels_out, kernel, stride, padding
CONVOLUTIONS = [
    (256, 24, 3, 16, 3, 1, 1),
    (256, 24, 16, 16, 3, 1, 1),
    (256, 24, 16, 32, 3, 2, 1),
    (256, 24, 16, 32, 1, 2, 0),
    (256, 12, 32, 32, 3, 1, 1),
    (256, 6, 64, 64, 3, 1, 1),
    (32, 32, 64, 64, 3, 1, 1),
    (32, 16, 128, 128, 3, 1, 1),
    (32, 8, 256, 256, 3, 1, 1),
    (32, 4, 512, 512, 3, 1, 1),
]
NORMS = [(256, 24, 16), (256, 12, 32), (256, 6, 64), (32, 32, 64), (32, 16, 128), (32, 4, 512)]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7, help="turns of each side")
    parser.add_argument("--repeats", type=int, default=3, help="runs in a turn; the first turn warms up")
    parser.add_argument("--program", default="target/release/examples/time_kernels")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--only", default="", help="passes whose name contains this")
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

    def request(self, name, repeats, numbers):
        print(name, repeats, *numbers, file=self.process.stdin, flush=True)
        return [float(word) for word in self.process.stdout.readline().split()]

    def cpu_seconds(self, name, repeats, numbers):
        # The processor clock of another process, as Linux numbers it.
        clock = ~self.process.pid << 3 | 2
        start = time.clock_gettime(clock)
        self.request(name, repeats, numbers)
        return time.clock_gettime(clock) - start

    def time(self, name, *numbers):
        # Each request makes its tensors anew; the first run touches them.
        if ARGUMENTS.clock == "wall":
            return self.request(name, ARGUMENTS.repeats + 1, numbers)[1:]
        once = self.cpu_seconds(name, 1, numbers)
        return [(self.cpu_seconds(name, ARGUMENTS.repeats + 1, numbers) - once) / ARGUMENTS.repeats]


def time_torch(work):
    clock = time.process_time if ARGUMENTS.clock == "cpu" else time.perf_counter
    work()
    seconds = []
    for _ in range(ARGUMENTS.repeats):
        start = clock()
        work()
        seconds.append(clock() - start)
    return seconds if ARGUMENTS.clock == "wall" else [sum(seconds) / len(seconds)]


def convolution(name, shape):
    batch, size, channels_in, channels_out, kernel, stride, padding = shape
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[ARGUMENTS.precision]
    x = torch.randn(batch, channels_in, size, size, dtype=dtype).to(memory_format=torch.channels_last)
    weight = torch.randn(channels_out, channels_in, kernel, kernel, dtype=dtype).to(memory_format=torch.channels_last)

    def forward():
        return torch.nn.functional.conv2d(x, weight, stride=stride, padding=padding)

    if name == "forward":
        return forward
    gradient = torch.randn_like(forward(), memory_format=torch.channels_last)
    mask = [name == "input", name == "weight", False]
    return lambda: torch.ops.aten.convolution_backward(
        gradient, x, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, mask
    )


def norm(name, shape):
    batch, size, channels = shape
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[ARGUMENTS.precision]
    x = torch.randn(batch, channels, size, size, dtype=dtype).to(memory_format=torch.channels_last)
    gamma, beta = torch.full((channels,), 1.5), torch.full((channels,), 0.25)
    gradient = torch.randn_like(x, memory_format=torch.channels_last)
    groups, spatial = -(-channels // 16), size * size
    if name.startswith("batch_norm"):
        forward = lambda: torch.ops.aten.native_batch_norm(x, gamma, beta, None, None, True, 0.1, 1e-5)
        _, mean, deviation = forward()
        backward = lambda: torch.ops.aten.native_batch_norm_backward(
            gradient, x, gamma, None, None, mean, deviation, True, 1e-5, [True] * 3
        )
    else:
        forward = lambda: torch.ops.aten.native_group_norm(x, gamma, beta, batch, channels, spatial, groups, 1e-5)
        _, mean, deviation = forward()
        backward = lambda: torch.ops.aten.native_group_norm_backward(
            gradient, x, mean, deviation, gamma, batch, channels, spatial, groups, [True] * 3
        )
    return forward if name.endswith("forward") else backward


def compare(ours, name, numbers, work, label, flops=None):
    our_seconds, their_seconds = [], []
    for turn in range(ARGUMENTS.rounds + 1):
        mine, theirs = ours.time(name, *numbers), time_torch(work)
        if turn > 0:
            our_seconds += mine
            their_seconds += theirs
    mine, theirs = statistics.median(our_seconds), statistics.median(their_seconds)
    speed = f"{flops / mine / 1e9:8.1f} {flops / theirs / 1e9:8.1f}" if flops else " " * 17
    best = f"{min(our_seconds) * 1e3:8.2f} {min(their_seconds) * 1e3:8.2f} {min(their_seconds) / min(our_seconds):6.2f}"
    times = f"{mine * 1e3:8.2f} {theirs * 1e3:8.2f} {speed} {theirs / mine:6.2f}"
    print(f"{name:20} {label:28} {times} {best}", flush=True)


def main():
    torch.set_num_threads(ARGUMENTS.threads)
    ours = Ours()
    print(f"torch {torch.__version__}, {ARGUMENTS.precision}, {ARGUMENTS.threads} thread(s), {ARGUMENTS.clock} clock")
    columns = f"{'ms':>8} {'torch':>8} {'GFLOP/s':>8} {'torch':>8} {'ratio':>6} {'best ms':>8} {'torch':>8} {'ratio':>6}"
    print(f"{'pass':20} {'shape':28} {columns}")
    ending = "_bf16" if ARGUMENTS.precision == "bf16" else ""
    with torch.no_grad():
        for name in ("forward", "input", "weight"):
            for shape in CONVOLUTIONS:
                if ARGUMENTS.only not in name:
                    continue
                batch, size, channels_in, channels_out, kernel, stride, padding = shape
                label = f"{batch}x{size}x{size} {channels_in}->{channels_out} k{kernel} s{stride}"
                out = (size + 2 * padding - kernel) // stride + 1
                flops = 2 * batch * out * out * channels_in * channels_out * kernel * kernel
                compare(ours, name + ending, shape, convolution(name, shape), label, flops)
        for name in ("batch_norm_forward", "batch_norm_backward", "group_norm_forward", "group_norm_backward"):
            for shape in NORMS:
                if ARGUMENTS.only not in name:
                    continue
                batch, size, channels = shape
                numbers = (batch, size, channels, channels, 1, 1, 0)
                compare(ours, name + ending, numbers, norm(name, shape), f"{batch}x{size}x{size} {channels}")


if __name__ == "__main__":
    main()
