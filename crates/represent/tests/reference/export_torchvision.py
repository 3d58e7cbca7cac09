"""Exports and imports against torchvision and onnxruntime.

    names                 prints torchvision's names and shapes, committed as export_names.json
    fixture FOLDER        writes export_small.pth, a ResNet-18 of width 2 in a checkpoint, its features, and
                          export_huge.pth, whose tensors are views that repeat one number
    check FOLDER          compares an export's features (torchvision in f32 and f64, onnxruntime) with those in
                          features.npz
    make FOLDER NAME STEM writes torchvision's NAME with random weights as .pth and .safetensors, and its features

Versions: torch 2.15.0, torchvision 0.29.2, onnxruntime 1.32.0, safetensors 0.8.0, numpy 2.4.6.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

BLOCKS = {
    "resnet8": (BasicBlock, [1, 1, 1]),
    "resnet20": (BasicBlock, [3, 3, 3]),
    "resnet18": (BasicBlock, [2, 2, 2, 2]),
    "resnet34": (BasicBlock, [3, 4, 6, 3]),
    "resnet50": (Bottleneck, [3, 4, 6, 3]),
}


def norm_layer(norm):
    """What `config.json` says of the normalisation, as torchvision takes it."""
    if norm["kind"] == "batch":
        return lambda channels: nn.BatchNorm2d(channels, eps=norm["epsilon"])

    def group_norm(channels):
        most = max(1, min(norm["groups"], channels // 4))
        groups = max(g for g in range(1, most + 1) if channels % g == 0)
        return nn.GroupNorm(groups, channels, eps=norm["epsilon"])

    return group_norm


def build(architecture, stem, width, norm):
    """Torchvision's network; its own constructor where it has one, its blocks where the width is another."""
    block, layers = BLOCKS[architecture]
    if width == 64 and len(layers) == 4:
        model = getattr(torchvision.models, architecture)(norm_layer=norm_layer(norm))
    else:
        model = ResNet(block, [1, 1, 1, 1], norm_layer=norm_layer(norm))
        model.inplanes = width
        model.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        model.bn1 = model._norm_layer(width)
        for stage in range(4):
            made = nn.Identity()
            if stage < len(layers):
                made = model._make_layer(block, width << stage, layers[stage], stride=1 if stage == 0 else 2)
            setattr(model, f"layer{stage + 1}", made)
    if stem == "cifar":
        model.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        model.maxpool = nn.Identity()
    model.fc = nn.Identity()
    return model


def randomise(model, seed):
    """Weights and running statistics that hide no mistake; scales around a half keep the features near 1."""
    generator = torch.Generator().manual_seed(seed)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]

    def uniform(tensor, low, high):
        return low + (high - low) * torch.rand(tensor.shape, generator=generator)

    with torch.no_grad():
        for norm in norms:
            norm.momentum = 1.0
            norm.weight.mul_(uniform(norm.weight, 0.3, 0.7))
            norm.bias.add_(uniform(norm.bias, -0.2, 0.2))
        model.train()
        model(torch.randn(8, 3, 64, 64, generator=generator))
        for norm in norms:
            norm.running_var.mul_(uniform(norm.running_var, 0.9, 1.1))
            norm.running_mean.add_(uniform(norm.running_mean, -0.1, 0.1))
    return model.eval()


def features(model, pictures):
    with torch.no_grad():
        return model.eval()(torch.from_numpy(pictures)).numpy()


def pictures(count, side, seed):
    return np.random.default_rng(seed).standard_normal((count, 3, side, side)).astype(np.float32)


def names():
    lists = {}
    for architecture in ("resnet18", "resnet50"):
        state = getattr(torchvision.models, architecture)().state_dict()
        lists[architecture] = [[name, list(tensor.shape)] for name, tensor in state.items()]
    lines = [
        f'"{name}": [\n' + ",\n".join("  " + json.dumps(entry) for entry in entries) + "\n]"
        for name, entries in lists.items()
    ]
    print("{\n" + ",\n".join(lines) + "\n}")


def fixture(folder):
    torch.manual_seed(1)
    model = randomise(build("resnet18", "imagenet", 2, {"kind": "batch", "epsilon": 1e-5}), 2)
    # As a training script saves it: under a key, from `DataParallel`, with a classifier and an epoch.
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    state |= {"module.fc.weight": torch.zeros(3, 16), "module.fc.bias": torch.zeros(3)}
    torch.save({"epoch": 7, "state_dict": state}, folder / "export_small.pth")
    values = pictures(2, 16, 3)
    np.savez(folder / "export_small.npz", pictures=values, features=features(model, values))


    width = 2048
    shapes = {f"layer{s}.{b}.conv1.weight": (1,) for s in range(1, 5) for b in range(2)}
    shapes |= {"conv1.weight": (width, 3, 7, 7), "layer4.0.conv2.weight": (8 * width, 8 * width, 3, 3)}
    torch.save({name: torch.zeros(1).expand(shape) for name, shape in shapes.items()}, folder / "export_huge.pth")


def check(folder):
    import onnxruntime
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_text())
    given = np.load(folder / "features.npz")
    model = build(config["architecture"], config["stem"], config["width"], config["norm"])
    model.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    graph = session.run(["features"], {"pictures": given["pictures"]})[0]
    one = session.run(["features"], {"pictures": given["pictures"][:1]})[0]
    expected = given["features"]
    single = features(model, given["pictures"])
    exact = features(model.double(), given["pictures"].astype(np.float64))
    difference = {
        "torchvision": np.abs(single - expected).max(),
        "torchvision in f64": np.abs(exact - expected).max(),
        "torchvision's own rounding": np.abs(exact - single).max(),
        "onnxruntime": np.abs(graph - expected).max(),
        "onnxruntime, batch of one": np.abs(one - expected[:1]).max(),
        "largest feature": np.abs(expected).max(),
    }
    print(json.dumps({key: float(value) for key, value in difference.items()}))


def make(folder, architecture, stem):
    from safetensors.torch import save_file

    torch.manual_seed(4)
    model = randomise(build(architecture, stem, 64, {"kind": "batch", "epsilon": 1e-5}), 5)
    state = dict(model.state_dict())
    size = state["layer4.1.bn2.bias" if architecture != "resnet50" else "layer4.1.bn3.bias"].shape[0]
    state |= {"fc.weight": torch.zeros(10, size), "fc.bias": torch.zeros(10)}
    torch.save(state, folder / "model.pth")
    save_file(state, folder / "weights.safetensors")
    values = pictures(2, 64, 6)
    np.savez(folder / "features.npz", pictures=values, features=features(model, values))


if __name__ == "__main__":
    torch.set_num_threads(2)
    command, *arguments = sys.argv[1:]
    if arguments:
        arguments[0] = Path(arguments[0])
    {"names": names, "fixture": fixture, "check": check, "make": make}[command](*arguments)
