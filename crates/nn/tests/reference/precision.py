"""Writes precision.json: a convolution and a linear layer under PyTorch's autocast to bfloat16, forward and backward.

    python precision.py    (torch 2.15.0, numpy 2.4.6, CPU)

Inputs and output gradients come from `formula.values`, weights from `formula.parameter`; activations are stored
channels last.
"""

import json
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from formula import parameter, values

assert torch.__version__.startswith("2.15.0"), torch.__version__


def tensor(array, shape):
    return torch.tensor(array.reshape(shape).astype(np.float32))


def drawn(name, *shape):
    return tensor(values(name, int(np.prod(shape))), shape)


def flat(x):
    return [float(f"{value:.9g}") for value in x.detach().flatten().tolist()]


def case(name, x_shape, weight_shape, layer):
    x = drawn(f"{name} x", *x_shape).requires_grad_()
    weight = tensor(parameter(".weight", weight_shape), weight_shape).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(x, weight)
    assert out.dtype == torch.bfloat16
    out = out.float()
    (out * drawn(f"{name} output gradient", *out.shape)).sum().backward()
    return {"name": name, "x": list(x_shape), "weight": list(weight_shape), "out": flat(out),
            "gradients": {"weight": flat(weight.grad), "x": flat(x.grad)}}


def convolution(x, weight):
    return F.conv2d(x.permute(0, 3, 1, 2), weight, padding=1).permute(0, 2, 3, 1)


found = {"convolution": case("bf16 convolution", (2, 5, 6, 3), (4, 3, 3, 3), convolution),
         "linear": case("bf16 linear", (6, 24), (10, 24), F.linear)}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(found, indent=None, separators=(",", ":")) + "\n")
