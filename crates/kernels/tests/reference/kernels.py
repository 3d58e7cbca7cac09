"""Writes kernels.json: inputs, outputs and gradients of PyTorch for the kernels, in double precision.

    python kernels.py    (torch 2.15.0, CPU)

Activations are stored channels last. Every loss is sum(out * grad_out).
"""

import json
import pathlib

import torch

assert torch.__version__.startswith("2.15.0"), torch.__version__
torch.manual_seed(1)


def rand(*shape):
    # Exact in single precision, so that the only error is the kernels' own.
    return (torch.rand(*shape) * 2 - 1).double().requires_grad_()


def flat(x):
    x = x.detach()
    return (x.movedim(1, -1) if x.dim() >= 4 else x).flatten().tolist()


def convolution(batch, size, channels_in, channels_out, kernel, stride, padding, **general):
    """Of two axes or three; `general` are dilation and groups."""
    x, weight = rand(batch, channels_in, *size), rand(channels_out, channels_in // general.get("groups", 1), *kernel)
    convolve = {2: torch.nn.functional.conv2d, 3: torch.nn.functional.conv3d}[len(size)]
    out = convolve(x, weight, stride=stride, padding=padding, **general)
    grad_out = rand(*out.shape)
    out.backward(grad_out)
    return {
        "batch": batch, "size": size, "channels": [channels_in, channels_out], "kernel": kernel,
        "stride": stride, "padding": padding, **general,
        "x": flat(x), "weight": weight.detach().flatten().tolist(), "out": flat(out), "grad_out": flat(grad_out),
        "grad_x": flat(x.grad), "grad_weight": weight.grad.flatten().tolist(),
    }


def norm(batch, size, channels, groups, relu):
    x, gamma, beta = rand(batch, channels, *size), rand(channels), rand(channels)
    if groups is None:
        out = torch.nn.functional.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-3)
    else:
        out = torch.nn.functional.group_norm(x, groups, gamma, beta, eps=1e-3)
    if relu:
        out = out.relu()
    grad_out = rand(*out.shape)
    out.backward(grad_out)
    return {
        "batch": batch, "spatial": size[0] * size[1], "channels": channels, "groups": groups, "relu": relu,
        "epsilon": 1e-3, "x": flat(x), "gamma": flat(gamma), "beta": flat(beta), "out": flat(out),
        "grad_out": flat(grad_out), "grad_x": flat(x.grad), "grad_gamma": flat(gamma.grad),
        "grad_beta": flat(beta.grad),
    }


def standardise(channels_out, fan_in):
    w = rand(channels_out, fan_in)
    std, mean = torch.std_mean(w, dim=1, keepdim=True, unbiased=True)
    out = (w - mean) / (std + 1e-3)
    grad_out = rand(*out.shape)
    out.backward(grad_out)
    return {
        "channels_out": channels_out, "fan_in": fan_in, "epsilon": 1e-3, "w": flat(w), "out": flat(out),
        "grad_out": flat(grad_out), "grad_w": flat(w.grad),
    }


def pool(batch, size, channels, kernel, stride, padding):
    x = rand(batch, channels, *size)
    out, indices = torch.nn.functional.max_pool2d(x, kernel, stride, padding, return_indices=True)
    grad_out = rand(*out.shape)
    out.backward(grad_out)
    return {
        "batch": batch, "size": size, "channels": channels, "kernel": kernel, "stride": stride,
        "padding": padding, "x": flat(x), "out": flat(out), "indices": flat(indices), "grad_out": flat(grad_out),
        "grad_x": flat(x.grad),
    }


values = {
    "torch": torch.__version__,
    "convolutions": [
        convolution(2, [5, 6], 3, 5, [3, 3], [1, 1], [1, 1]),
        convolution(2, [7, 6], 4, 3, [3, 3], [2, 2], [1, 1]),
        convolution(1, [5, 5], 5, 17, [1, 1], [2, 2], [0, 0]),
        convolution(1, [8, 7], 2, 3, [4, 5], [3, 2], [2, 1]),
    ],
    "norms": [
        norm(3, [3, 4], 5, None, False),
        norm(3, [3, 4], 5, None, True),
        norm(2, [3, 2], 6, 2, False),
        norm(2, [3, 2], 6, 3, True),
    ],
    "standardised": [standardise(3, 10)],
    "max_pools": [pool(2, [6, 7], 3, [3, 3], [2, 2], [1, 1])],
    "general_convolutions": [
        convolution(2, [7, 8], 3, 4, [3, 2], [1, 2], [2, 1], dilation=[2, 3], groups=1),
        convolution(1, [6, 5], 6, 9, [3, 3], [2, 1], [1, 1], dilation=[1, 1], groups=3),
        convolution(2, [6, 7], 4, 8, [3, 3], [2, 3], [2, 2], dilation=[2, 1], groups=2),
        convolution(1, [7, 6], 10, 10, [3, 3], [1, 1], [1, 1], dilation=[1, 1], groups=10),
        convolution(1, [7, 6], 5, 15, [3, 2], [2, 1], [2, 0], dilation=[2, 2], groups=5),
    ],
    "volumes": [
        convolution(2, [4, 5, 3], 2, 3, [3, 3, 3], [1, 1, 1], [1, 1, 1], dilation=[1, 1, 1], groups=1),
        convolution(1, [5, 4, 6], 4, 6, [2, 3, 2], [2, 1, 3], [1, 2, 0], dilation=[2, 1, 2], groups=2),
        convolution(1, [6, 4, 5], 3, 6, [3, 1, 3], [3, 2, 1], [2, 0, 1], dilation=[1, 1, 1], groups=3),
    ],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(values, indent=None, separators=(",", ":")).replace('},{', '},\n{') + "\n")
