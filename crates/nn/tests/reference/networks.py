"""Writes networks.json: outputs, running statistics and gradients of whole residual networks, in double precision.

    python networks.py    (torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, CPU)

The loss is sum(output * values("<case> output gradient")). Before anything is written, the same code at full width
is checked against torchvision's ResNet-18 and ResNet-50.
"""

import json
import pathlib

import numpy as np
import torch
import torchvision

from formula import digest, values
from modules import Net

assert torch.__version__.startswith("2.15.0"), torch.__version__
torch.set_num_threads(1)

CASES = [
    # name, depth, stem, width, norm, batch, side
    ("resnet8 batch", 8, "cifar", 16, "batch", 4, 16),
    ("resnet8 group", 8, "cifar", 16, "group", 4, 16),
    ("resnet8 layer", 8, "cifar", 16, "layer", 4, 16),
    ("resnet20 none", 20, "cifar", 8, "none", 2, 12),
    ("resnet18 cifar batch", 18, "cifar", 8, "batch", 4, 16),
    ("resnet18 imagenet batch", 18, "imagenet", 8, "batch", 4, 64),
    ("resnet18 imagenet group", 18, "imagenet", 8, "group", 4, 47),
    ("resnet34 cifar batch", 34, "cifar", 8, "batch", 4, 16),
    ("resnet50 imagenet batch", 50, "imagenet", 8, "batch", 8, 64),
    ("resnet50 imagenet group", 50, "imagenet", 8, "group", 4, 64),
    ("resnet50 cifar group", 50, "cifar", 8, "group", 3, 16),
]


def tensor(name, *shape):
    return torch.tensor(values(name, int(np.prod(shape))).reshape(shape))


def check_torchvision():
    for depth, build in [(18, torchvision.models.resnet18), (50, torchvision.models.resnet50)]:
        net, other = Net(), build().double()
        pictures = tensor("pictures", 2, 3, 64, 64)
        ours = net.resnet("", pictures, depth, "imagenet", 64)
        other.fc = torch.nn.Identity()

        def copy(conv, norm, name):
            conv.weight.data.copy_(net.parameters[f"{name}.conv.weight"])
            norm.weight.data.copy_(net.parameters[f"{name}.norm.gamma"])
            norm.bias.data.copy_(net.parameters[f"{name}.norm.beta"])

        copy(other.conv1, other.bn1, "stem.layer")
        for stage in range(4):
            for index, block in enumerate(getattr(other, f"layer{stage + 1}")):
                name = f"stages.{stage}.{index}"
                for branch in range(3 if depth == 50 else 2):
                    copy(getattr(block, f"conv{branch + 1}"), getattr(block, f"bn{branch + 1}"), f"{name}.branch.{branch}")
                if block.downsample is not None:
                    copy(*block.downsample, f"{name}.shortcut")
        difference = (other(pictures) - ours).abs().max().item()
        print(f"torchvision resnet{depth}: largest difference {difference:.1e}")
        assert difference < 1e-10


def case(name, depth, stem, width, norm, batch, side):
    def run(salt, dtype=torch.float64):
        net = Net(norm, standardise=norm == "group", dtype=dtype)
        pictures = tensor(f"{name} pictures {salt}", batch, 3, side, side).to(dtype)
        out = net.resnet("", pictures, depth, stem, width)
        (out * tensor(f"{name} output gradient", *out.shape).to(dtype)).sum().backward()
        return net, out

    def rounding(salt):
        """Largest relative error of PyTorch's own gradients in single precision."""
        (single, _), (double, _) = run(salt, torch.float32), run(salt)
        pairs = [(single.parameters[key].grad.double(), value.grad) for key, value in double.parameters.items()]
        return max(((a - b).abs().max() / b.abs().max()).item() for a, b in pairs)

    # The pictures whose activations stay farthest from the kinks of ReLU, of a few. Deep networks amplify rounding
    # too: there, the pictures on which single precision does best.
    salt = min(range(40), key=rounding) if depth == 50 else max(range(40), key=lambda salt: run(salt)[0].smallest)
    net, out = run(salt)
    print(f"single precision: {rounding(salt):.1e}", end=" ")
    print(f"{name}: {len(net.parameters)} tensors, pictures {salt}, nearest to a kink {net.smallest:.1e}")
    found = {"name": name, "depth": depth, "stem": stem, "width": width, "norm": norm, "shape": [batch, 3, side, side]}
    found["pictures"] = f"{name} pictures {salt}"
    found["output"] = digest("output", out)
    found["gradients"] = {key: digest(key, value.grad) for key, value in sorted(net.parameters.items())}
    if norm == "batch":
        found["buffers"] = {key: digest(key, value) for key, value in sorted(net.buffers.items())}
        pictures = tensor(f"{name} pictures {salt}", batch, 3, side, side)
        found["evaluated"] = digest("evaluated", net.resnet("", pictures, depth, stem, width, train=False))
    return found


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    return {key: rounded(entry) for key, entry in value.items()} if isinstance(value, dict) else value


check_torchvision()
text = "[\n" + ",\n".join(json.dumps(rounded(case(*entry)), separators=(",", ":")) for entry in CASES) + "\n]\n"
pathlib.Path(__file__).with_name("networks.json").write_text(text)
