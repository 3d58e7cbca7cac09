"""Writes optimizers.json: ten steps of every update rule on given gradients, in double precision, and a schedule.

    python optimizers.py    (torch 2.15.0, numpy 2.4.6, CPU)

SGD and AdamW are torch.optim's. LARS is a transcription of the update rule that BYOL's official code applies, and of
the LARC-clipped rule of other libraries, in numpy.
"""

import json
import pathlib

import numpy as np
import torch

assert torch.__version__.startswith("2.15.0"), torch.__version__

STEPS = 10
SHAPES = {
    "encoder.weight": [4, 3], "encoder.bias": [4], "encoder.gamma": [4], "predictor.weight": [3, 4],
    "predictor.bias": [3], "zero.weight": [2, 2], "still.weight": [2, 3],
}
generator = np.random.default_rng(5)


def draw(shape):
    return generator.uniform(-1, 1, shape).astype(np.float32).astype(np.float64)


parameters = {name: draw(shape) * (0 if name.startswith("zero") else 1) for name, shape in SHAPES.items()}
gradients = [{name: draw(shape) * (0 if name.startswith("still") else 1) for name, shape in SHAPES.items()} for _ in range(STEPS)]
rates = [0.1 * (step + 1) / STEPS for step in range(STEPS)]
rates[0] = 0.0  # the first step of a warm-up


def multiplier(name, groups):
    return float(np.prod([group["multiplier"] for group in groups if name.startswith(group["prefix"])]))


def with_torch(build, decay, groups):
    weights = {name: torch.tensor(value).requires_grad_() for name, value in parameters.items()}
    optimizer = build([
        {"params": [weight], "name": name, "weight_decay": decay if weight.dim() > 1 else 0.0} for name, weight in weights.items()
    ])
    for rate, found in zip(rates, gradients):
        for group in optimizer.param_groups:
            group["lr"] = rate * multiplier(group["name"], groups)
        for name, weight in weights.items():
            weight.grad = torch.tensor(found[name])
        optimizer.step()
        yield {name: weight.detach().numpy().copy() for name, weight in weights.items()}


def lars(momentum, decay, eta, clipped, groups):
    weights = {name: value.copy() for name, value in parameters.items()}
    velocity = {name: np.zeros(value.shape) for name, value in parameters.items()}
    norm = np.linalg.norm
    for rate, found in zip(rates, gradients):
        for name, w in weights.items():
            g = found[name]
            r, g1 = 1.0, g
            if w.ndim > 1:
                g1 = g + decay * w
                if clipped:
                    if norm(w) != 0 and norm(g) != 0:
                        r = eta * norm(w) / (norm(g) + norm(w) * decay + 1e-8)
                        r = min(r / rate, 1.0) if rate > 0 else 1.0
                elif norm(w) != 0 and norm(g1) != 0:
                    r = eta * norm(w) / norm(g1)
            velocity[name] = momentum * velocity[name] + r * g1
            weights[name] = w - rate * multiplier(name, groups) * velocity[name]
        yield {name: value.copy() for name, value in weights.items()}


def torch_sgd(config, groups):
    nesterov = config.get("nesterov", False)
    return with_torch(
        lambda entries: torch.optim.SGD(entries, lr=1.0, momentum=config["momentum"], nesterov=nesterov), config["weight_decay"], groups
    )


def torch_adamw(config, groups):
    betas = (config["beta1"], config["beta2"])
    return with_torch(
        lambda entries: torch.optim.AdamW(entries, lr=1.0, betas=betas, eps=config["epsilon"]), config["weight_decay"], groups
    )


def numpy_lars(config, groups):
    return lars(config["momentum"], config["weight_decay"], config["eta"], config["trust"] == "clipped", groups)


PREDICTOR = [{"prefix": "predictor.", "multiplier": 10.0}]
ADAMW = {"kind": "adamw", "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.05}
LARS = {"kind": "lars", "momentum": 0.9, "weight_decay": 1e-6, "eta": 1e-3, "trust": "official"}
SGD = {"kind": "sgd", "momentum": 0.9, "nesterov": False, "weight_decay": 5e-4}
CASES = [
    ("sgd", torch_sgd, SGD, []),
    ("sgd without momentum", torch_sgd, SGD | {"momentum": 0.0, "weight_decay": 0.0}, []),
    ("sgd nesterov", torch_sgd, SGD | {"nesterov": True, "weight_decay": 0.1}, []),
    ("sgd with a faster predictor", torch_sgd, SGD, PREDICTOR),
    ("lars", numpy_lars, LARS, []),
    ("lars without decay", numpy_lars, LARS | {"weight_decay": 0.0}, []),
    ("lars with a faster predictor", numpy_lars, LARS | {"eta": 0.02}, PREDICTOR),
    ("lars clipped", numpy_lars, LARS | {"trust": "clipped", "eta": 0.02, "weight_decay": 1e-2}, []),
    ("adamw", torch_adamw, ADAMW, []),
    ("adamw with a faster predictor", torch_adamw, ADAMW | {"weight_decay": 0.0}, PREDICTOR),
]


def plain(values):
    return {name: [float(f"{entry:.9g}") for entry in value.reshape(-1)] for name, value in values.items()}


def schedule(peak, warmup, total):
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=peak)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total - warmup)
    rates = [peak * step / warmup for step in range(warmup)]
    for _ in range(warmup, total + 1):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        cosine.step()
    return rates


found = {
    "shapes": SHAPES, "learning_rates": rates, "parameters": plain(parameters), "gradients": [plain(step) for step in gradients],
    "cases": [
        {"name": name, "config": config, "groups": groups, "after": [plain(step) for step in build(config, groups)]}
        for name, build, config, groups in CASES
    ],
    "schedule": {"base": 0.3, "batch": 1024, "warmup": 7, "total": 50, "rates": schedule(0.3 * 4, 7, 50)},
}
pathlib.Path(__file__).with_name("optimizers.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")
