"""Writes layers.json: single layers and heads in PyTorch, forward, backward and running statistics, in double precision.

    python layers.py    (torch 2.15.0, numpy 2.4.6, CPU)

Inputs and output gradients come from `formula.values`; activations are stored channels last.
"""

import json
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from formula import values
from modules import Net

assert torch.__version__.startswith("2.15.0"), torch.__version__


def tensor(name, *shape):
    return torch.tensor(values(name, int(np.prod(shape))).reshape(shape))


def flat(x):
    x = x.detach()
    x = x.permute(0, 2, 3, 1) if x.dim() == 4 else x
    return [float(f"{value:.7g}") for value in x.flatten().tolist()]


def images(name, batch, height, width, channels):
    """Drawn channels last, as the Rust side has them."""
    return tensor(name, batch, height, width, channels).permute(0, 3, 1, 2).clone().requires_grad_()


def gradients(net, **others):
    found = {key: flat_in_order(value.grad) for key, value in sorted(net.parameters.items())}
    return found | {key: flat(value.grad) for key, value in others.items()}


def flat_in_order(x):
    return [float(f"{value:.7g}") for value in x.detach().flatten().tolist()]


def backward(name, out):
    upstream = tensor(f"{name} output gradient", *(out.permute(0, 2, 3, 1) if out.dim() == 4 else out).shape)
    (out * (upstream.permute(0, 3, 1, 2) if out.dim() == 4 else upstream)).sum().backward()


def convolution(name, batch, side, channels, out, kernel, stride, standardise):
    net = Net(standardise=standardise)
    x = images(f"{name} x", batch, *side, channels)
    y = net.conv("", x, out, kernel, stride)
    backward(name, y)
    return {"name": name, "x": [batch, *side, channels], "stride": stride, "standardise": standardise,
            "weight": list(next(iter(net.parameters.values())).shape), "out": flat(y), "gradients": gradients(net, x=x)}


def norm(name, kind, batch, side, channels, relu, groups=16):
    net = Net(kind)
    first = images(f"{name} first", batch, side, side, channels)
    x = images(f"{name} x", batch, side, side, channels)
    net.norm("", first * 2 + 1, groups=groups)
    y = net.norm("", x, groups=groups)
    y = y.relu() if relu else y
    backward(name, y)
    found = {"name": name, "kind": kind, "groups": groups, "x": list(x.permute(0, 2, 3, 1).shape), "relu": relu,
             "out": flat(y), "gradients": gradients(net, x=x)}
    if kind == "batch":
        found["buffers"] = {key: flat(value) for key, value in sorted(net.buffers.items())}
        for value in [x, *net.parameters.values()]:
            value.grad = None
        y = net.norm("", x, train=False)
        y = y.relu() if relu else y
        backward(name, y)
        found["evaluated"] = flat(y)
        found["evaluated_gradients"] = gradients(net, x=x)
    return found


def head(name, kind, batch, width, hidden, out, **settings):
    for salt in range(100):
        net = Net(kind, standardise=kind == "group")
        x = tensor(f"{name} x {salt}", batch, width).requires_grad_()
        y = net.mlp("", x, hidden, out, **settings)
        if net.smallest > 1e-3:
            break
    backward(name, y)
    found = {"name": name, "kind": kind, "input": f"{name} x {salt}", "x": [batch, width], "hidden": hidden, "output": out,
             "layers": 2, "output_bias": False, "output_norm": False, **settings, "out": flat(y), "gradients": gradients(net, x=x)}
    if kind == "batch":
        found["buffers"] = {key: flat(value) for key, value in sorted(net.buffers.items())}
        found["evaluated"] = flat(net.mlp("", x, hidden, out, train=False, **settings))
    return found


def linear(name, batch, width, out, bias, standardise):
    net = Net()
    x = tensor(f"{name} x", batch, width).requires_grad_()
    y = net.linear("", x, out, bias, standardise)
    backward(name, y)
    return {"name": name, "x": [batch, width], "output": out, "bias": bias, "standardise": standardise,
            "out": flat(y), "gradients": gradients(net, x=x)}


cases = {
    "convolution": [
        convolution("3x3", 2, (5, 7), 3, 4, 3, 1, False),
        convolution("3x3 stride 2", 2, (8, 5), 4, 6, 3, 2, False),
        convolution("1x1 stride 2", 2, (5, 6), 4, 3, 1, 2, False),
        convolution("7x7 stride 2", 1, (9, 11), 3, 4, 7, 2, False),
        convolution("3x3 standardised", 2, (6, 6), 4, 5, 3, 1, True),
        convolution("1x1 standardised", 2, (4, 4), 6, 4, 1, 1, True),
        convolution("one pixel", 3, (1, 1), 4, 4, 3, 2, False),
    ],
    "norm": [
        norm("batch", "batch", 3, 4, 6, False),
        norm("batch relu", "batch", 3, 4, 6, True),
        norm("batch one position", "batch", 5, 1, 8, True),
        norm("group", "group", 2, 4, 16, False),
        norm("group relu", "group", 2, 3, 24, True),
        norm("group three", "group", 2, 3, 24, True, groups=3),
        norm("group one position", "group", 3, 1, 16, True),
        norm("layer", "layer", 3, 3, 8, False),
        norm("layer relu one position", "layer", 3, 1, 8, True),
    ],
    "linear": [
        linear("plain", 3, 5, 4, True, False),
        linear("without bias", 3, 5, 4, False, False),
        linear("standardised", 3, 5, 4, True, True),
    ],
    "head": [
        head("batch", "batch", 6, 8, 12, 4),
        head("batch three layers", "batch", 6, 8, 12, 4, layers=3, output_bias=True, output_norm=True),
        head("group", "group", 4, 8, 16, 4),
        head("layer one layer", "layer", 4, 8, 12, 8, layers=1, output_norm=True),
        head("none", "none", 4, 8, 12, 4),
    ],
}
lines = [f'"{kind}": [\n' + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries) + "\n]" for kind, entries in cases.items()]
pathlib.Path(__file__).with_name("layers.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
