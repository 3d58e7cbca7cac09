"""Writes taylor.json: a loss, g·u and u·Hu by double backward, in double precision.

    python taylor.py    (torch 2.15.0, numpy 2.4.6, CPU)

Weights, directions and inputs are drawn by formula.py on both sides.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from formula import parameter, values
from modules import Net

torch.set_num_threads(1)


def drawn(name, *shape):
    return torch.tensor(values(name, int(torch.Size(shape).numel())).reshape(shape))


class Weights(dict):
    def get(self, name, *shape):
        if name not in self:
            self[name] = torch.tensor(parameter(name, shape)).requires_grad_()
        return self[name]

    def linear(self, name, x, out):
        return F.linear(x, self.get(f"{name}.weight", out, x.shape[-1]), self.get(f"{name}.bias", out))

    def layer_norm(self, name, x):
        width = x.shape[-1]
        return F.layer_norm(x, [width], self.get(f"{name}.gamma", width), self.get(f"{name}.beta", width))


LABELS = torch.arange(6) % 4


def mlp():
    w = Weights()
    x = drawn("inputs", 6, 10)
    for layer in range(2):
        x = torch.relu(w.linear(f"hidden.{layer}", x, 8))
    return w, F.cross_entropy(w.linear("output", x, 4), LABELS)


def tanh():
    w = Weights()
    out = w.linear("output", torch.tanh(w.linear("hidden", drawn("inputs", 6, 10), 8)), 4)
    return w, 0.5 * (out - drawn("targets", 6, 4)).square().sum(1).mean()


def resnet(norm):
    net = Net(norm, standardise=norm == "group")
    features = net.resnet("", drawn("pictures", 6, 3, 8, 8), 8, "cifar", 4)
    return net.parameters, F.cross_entropy(features, torch.arange(6) % 16)


def transformer():
    w, batch, length, width, heads = Weights(), 3, 5, 8, 2
    tokens = (torch.arange(batch * length) * 7 % 11).reshape(batch, length)
    x = w.get("tokens", 11, width)[tokens] + w.get("positions", 6, width)[:length]
    for block in range(2):
        name = f"blocks.{block}"
        together = w.linear(f"{name}.query_key_value", w.layer_norm(f"{name}.attention_norm", x), 3 * width)
        q, k, v = (part.reshape(batch, length, heads, -1).transpose(1, 2) for part in together.chunk(3, -1))
        scores = q @ k.transpose(-1, -2) / (width // heads) ** 0.5
        scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), -torch.inf)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width)
        x = x + w.linear(f"{name}.projection", mixed, width)
        hidden = F.gelu(w.linear(f"{name}.hidden", w.layer_norm(f"{name}.mlp_norm", x), 12))
        x = x + w.linear(f"{name}.output", hidden, width)
    logits = w.linear("head", w.layer_norm("norm", x), 11).reshape(batch * length, 11)
    return w, F.cross_entropy(logits, torch.arange(batch * length) % 11)


found = {"torch": torch.__version__}
cases = {"mlp": mlp, "tanh": tanh, "transformer": transformer}
cases |= {f"resnet {norm}": lambda norm=norm: resnet(norm) for norm in ["group", "layer", "batch"]}
for name, case in cases.items():
    weights, loss = case()
    u = {key: drawn(f"direction {key}", *value.shape) for key, value in weights.items()}
    gradients = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
    slope = sum((g * d).sum() for g, d in zip(gradients, u.values()))
    products = torch.autograd.grad(slope, list(weights.values()), allow_unused=True)
    curvature = sum((h * d).sum() for h, d in zip(products, u.values()) if h is not None)
    gradient = sum(g.square().sum() for g in gradients).sqrt()
    found[name] = [value.item() for value in (loss, slope, curvature, gradient)]
    print(name, found[name])
pathlib.Path(__file__).with_name("taylor.json").write_text(json.dumps(found, indent=1) + "\n")
