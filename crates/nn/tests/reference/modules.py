"""The networks of `autodidact-nn` in PyTorch, parameters by the names they have there.

Pictures and activations are channels first here; only flattened ones differ by that.
"""

import torch
from torch.nn import functional as F

from formula import parameter

BLOCKS = {8: [1, 1, 1], 20: [3, 3, 3], 18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3]}


class Net:
    """Creates a parameter where it is first used; `draw(name, shape)` gives its value."""

    def __init__(self, norm="batch", standardise=False, momentum=0.1, draw=parameter, dtype=torch.float64):
        self.norm_kind, self.standardise, self.momentum, self.draw = norm, standardise, momentum, draw
        self.dtype = dtype
        self.parameters, self.buffers, self.smallest = {}, {}, float("inf")

    def parameter(self, name, shape):
        if name not in self.parameters:
            self.parameters[name] = torch.tensor(self.draw(name, shape), dtype=self.dtype).requires_grad_()
        return self.parameters[name]

    def weight(self, name, shape, standardise):
        weight = self.parameter(name, shape)
        if not standardise:
            return weight
        # The published code of weight standardisation: unbiased deviation, epsilon outside the root.
        rows = weight.reshape(shape[0], -1)
        rows = rows - rows.mean(1, keepdim=True)
        return (rows / (rows.std(1, keepdim=True) + 1e-5)).reshape(shape)

    def relu(self, x):
        # Far from zero everywhere, single precision takes the same branches as double precision.
        self.smallest = min(self.smallest, x.detach().abs().min().item())
        return x.relu()

    def conv(self, name, x, channels, kernel, stride):
        weight = self.weight(f"{name}.weight", (channels, x.shape[1], kernel, kernel), self.standardise)
        return F.conv2d(x, weight, stride=stride, padding=kernel // 2)

    def norm(self, name, x, train=True, groups=16):
        channels = x.shape[1]
        if self.norm_kind == "none":
            return x
        gamma, beta = self.parameter(f"{name}.gamma", (channels,)), self.parameter(f"{name}.beta", (channels,))
        if self.norm_kind == "batch":
            mean = self.buffers.setdefault(f"{name}.running_mean", torch.zeros(channels, dtype=self.dtype))
            variance = self.buffers.setdefault(f"{name}.running_var", torch.ones(channels, dtype=self.dtype))
            return F.batch_norm(x, mean, variance, gamma, beta, train, self.momentum, 1e-5)
        most = max(min(groups, channels // 4), 1) if self.norm_kind == "group" else 1
        groups = next(count for count in range(most, 0, -1) if channels % count == 0)
        return F.group_norm(x, groups, gamma, beta, 1e-5)

    def linear(self, name, x, width, bias=True, standardise=False):
        weight = self.weight(f"{name}.weight", (width, x.shape[1]), standardise)
        return F.linear(x, weight, self.parameter(f"{name}.bias", (width,)) if bias else None)

    def mlp(self, name, x, hidden, out, layers=2, output_bias=False, output_norm=False, train=True):
        for layer in range(layers - 1):
            x = self.linear(f"{name}hidden.{layer}", x, hidden, standardise=self.standardise)
            x = self.relu(self.norm(f"{name}norms.{layer}", x, train))
        x = self.linear(f"{name}output", x, out, bias=output_bias)
        return self.norm(f"{name}output_norm", x, train) if output_norm else x

    def conv_norm(self, name, x, channels, kernel, stride, train):
        return self.norm(f"{name}.norm", self.conv(f"{name}.conv", x, channels, kernel, stride), train)

    def resnet(self, name, x, depth, stem, width, train=True):
        kernel, stride = (3, 1) if stem == "cifar" else (7, 2)
        x = self.relu(self.conv_norm(f"{name}stem.layer", x, width, kernel, stride, train))
        if stem == "imagenet":
            x = F.max_pool2d(x, 3, 2, 1)
        for stage, count in enumerate(BLOCKS[depth]):
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                x = self.block(f"{name}stages.{stage}.{block}", x, depth, width << stage, stride, train)
        return x.mean((2, 3))

    def block(self, name, x, depth, width, stride, train):
        if depth == 50:
            plan = [(width, 1, 1), (width, 3, stride), (4 * width, 1, 1)]
        else:
            plan = [(width, 3, stride), (width, 3, 1)]
        residual = x
        for index, (channels, kernel, step) in enumerate(plan):
            residual = self.conv_norm(f"{name}.branch.{index}", residual, channels, kernel, step, train)
            if index + 1 < len(plan):
                residual = self.relu(residual)
        if stride != 1 or x.shape[1] != residual.shape[1]:
            x = self.conv_norm(f"{name}.shortcut", x, residual.shape[1], 1, stride, train)
        return self.relu(residual + x)
