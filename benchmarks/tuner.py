"""What a step of CDAT costs over a plain gradient step, here and in PyTorch (torch.func), interleaved.

    cargo build --release --example time_tuner
    python benchmarks/tuner.py [--threads 2] [--rounds 5] [--steps 20]

Needs torch (2.x). Two tasks in f32, full batch: an MLP 768-64-64-10 with ReLU on 1024 rows, and a ResNet-8 of width 16 without
normalisation on 256 pictures of 32x32 (channels-last in PyTorch). A plain step is loss, gradient and `w - lr g`; CDAT adds the
curvature along the update: here by Taylor jets ("exact") or by one more gradient ("differences"), in PyTorch by
forward-over-forward ("jvp of jvp") or by a Hessian-vector product ("jvp of grad"). Each side runs in a process of its own, so
that peak memory is its own. Prints medians over rounds, the ratio to the same side's plain step, and ours to PyTorch's best.
"""
import argparse
import os
import statistics
import subprocess
import sys

OURS = ["plain", "exact", "differences"]
THEIRS = ["plain", "jvp of jvp", "jvp of grad"]


def torch_side(task, mode, steps, threads):
    import resource
    import time

    import torch
    import torch.nn.functional as F
    from torch import nn
    from torch.func import functional_call, grad_and_value, jvp

    torch.set_num_threads(threads)
    torch.manual_seed(0)

    class Block(nn.Module):
        def __init__(self, i, o, s):
            super().__init__()
            self.c1, self.c2 = nn.Conv2d(i, o, 3, s, 1, bias=False), nn.Conv2d(o, o, 3, 1, 1, bias=False)
            self.short = nn.Conv2d(i, o, 1, s, bias=False) if i != o else nn.Identity()

        def forward(self, x):
            return F.relu(self.c2(F.relu(self.c1(x))) + self.short(x))

    class Convolutional(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
            self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
            self.classifier = nn.Linear(64, 10)

        def forward(self, x):
            return self.classifier(self.blocks(F.relu(self.stem(x))).mean((2, 3)))

    if task == "mlp":
        net = nn.Sequential(nn.Linear(768, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        x = torch.rand(1024, 768)
    else:
        net = Convolutional().to(memory_format=torch.channels_last)
        x = torch.rand(256, 3, 32, 32).to(memory_format=torch.channels_last)
    y = torch.arange(len(x)) * 7 % 10
    w = {name: value.detach() for name, value in net.named_parameters()}

    def loss(w):
        return F.cross_entropy(functional_call(net, w, (x,)), y)

    def curvature(w, u):
        if mode == "jvp of jvp":
            return jvp(lambda w: jvp(loss, (w,), (u,))[1], (w,), (u,))[1]
        product = jvp(lambda w: grad_and_value(loss)(w)[0], (w,), (u,))[1]
        return sum((product[name] * u[name]).sum() for name in u)

    seconds = []
    for _ in range(3 + steps):
        begun = time.perf_counter()
        g, _ = grad_and_value(loss)(w)
        rate = 1e-3
        if mode != "plain":
            u = {name: -value for name, value in g.items()}
            n = sum((value * value).sum() for value in g.values())
            rate = float(n / curvature(w, u).abs())
        w = {name: value - rate * g[name] for name, value in w.items()}
        seconds.append(time.perf_counter() - begun)
    print(statistics.median(seconds[3:]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--program", help="the built example")
    parser.add_argument("--torch-side", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.torch_side:
        torch_side(*arguments.torch_side, arguments.steps, arguments.threads)
        return
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(root, "target"))
    program = arguments.program or os.path.join(target, "release", "examples", "time_tuner")
    environment = os.environ | {"RAYON_NUM_THREADS": str(arguments.threads), "OMP_NUM_THREADS": str(arguments.threads)}
    flags = ["--steps", str(arguments.steps), "--threads", str(arguments.threads)]

    def run(command):
        out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
        return float(out[0]), float(out[1])

    print(f"{arguments.threads} threads; medians of {arguments.rounds} rounds of {arguments.steps} steps\n")
    print("| task | side | step | ms | x plain | peak MiB | x plain |\n|---|---|---|---|---|---|---|")
    for task in ["mlp", "conv"]:
        rounds = {}
        for _ in range(arguments.rounds):
            for mode in OURS:
                rounds.setdefault(("ours", mode), []).append(run([program, task, mode, str(arguments.steps)]))
            for mode in THEIRS:
                command = [sys.executable, __file__, "--torch-side", task, mode, *flags]
                rounds.setdefault(("PyTorch", mode), []).append(run(command))
        best = {}
        for (side, mode), found in rounds.items():
            plain = rounds[side, "plain"]
            seconds, memory = (statistics.median(column) for column in zip(*found))
            # Pairs of the same round: the machine's rate moves from round to round.
            slower = statistics.median(a[0] / b[0] for a, b in zip(found, plain))
            larger = memory / statistics.median(b[1] for b in plain)
            print(f"| {task} | {side} | {mode} | {1e3 * seconds:.2f} | {slower:.2f} | {memory:.0f} | {larger:.2f} |")
            if mode != "plain":
                best[side] = min(best.get(side, (float("inf"), mode)), (seconds, mode))
        pairs = [a[0] / b[0] for a, b in zip(rounds["PyTorch", best["PyTorch"][1]], rounds["ours", best["ours"][1]])]
        print(f"| {task} | PyTorch's best over ours | {best['PyTorch'][1]} / {best['ours'][1]} | | {statistics.median(pairs):.2f} | | |")


if __name__ == "__main__":
    main()
