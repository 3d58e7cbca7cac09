"""Writes matmul.json: operands and results of PyTorch's matrix products, in double precision.

    python matmul.py    (torch 2.15.0, CPU)

Transposed operands are stored as they lie in memory. The result is activation(scale * a @ b + bias + residual).
"""

import json
import pathlib

import torch

assert torch.__version__.startswith("2.15.0"), torch.__version__
torch.manual_seed(1)


def rand(*shape):
    # Exact in single precision, so that the only error is the kernels' own.
    return (torch.rand(*shape) * 2 - 1).double()


def flat(x):
    return None if x is None else x.flatten().tolist()


def product(
    batch, m, k, n, transposed_a=False, transposed_b=False, shared_b=False, scale=1.0, bias=False, residual=False,
    activation=None,
):
    a = rand(batch, k, m) if transposed_a else rand(batch, m, k)
    items = 1 if shared_b else batch
    b = rand(items, n, k) if transposed_b else rand(items, k, n)
    c = scale * torch.matmul(a.mT if transposed_a else a, b.mT if transposed_b else b)
    bias = rand(n) if bias else None
    residual = rand(batch, m, n) if residual else None
    for summand in (bias, residual):
        c = c if summand is None else c + summand
    if activation == "relu":
        c = torch.nn.functional.relu(c)
    if activation == "gelu_tanh":
        c = torch.nn.functional.gelu(c, approximate="tanh")
    return {
        "batch": batch, "m": m, "k": k, "n": n, "transposed_a": transposed_a, "transposed_b": transposed_b,
        "shared_b": shared_b, "scale": scale, "activation": activation, "a": flat(a), "b": flat(b),
        "bias": flat(bias), "residual": flat(residual), "c": flat(c),
    }


values = {
    "torch": torch.__version__,
    "products": [
        product(1, 5, 7, 9),
        product(2, 3, 18, 35, transposed_a=True, bias=True, activation="gelu_tanh"),
        product(2, 13, 6, 4, transposed_b=True, residual=True, scale=0.5),
        product(3, 2, 17, 3, transposed_a=True, transposed_b=True, activation="relu"),
        product(4, 5, 9, 33, transposed_b=True, shared_b=True, bias=True, residual=True, activation="gelu_tanh"),
        product(1, 1, 40, 11, bias=True, scale=-2.0),
        product(1, 11, 40, 1, bias=True, activation="relu"),
    ],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(values, indent=None, separators=(",", ":")).replace("},{", "},\n{") + "\n")
