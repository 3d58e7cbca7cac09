"""Writes methods.json: losses, gradients and three updates of BYOL and SimCLR in PyTorch, in double precision.

    python methods.py    (torch 2.15.0, numpy 2.4.6, CPU)

ResNet-8 and small heads at 8 px. The networks and the formula that draws weights and pictures are those of the
`autodidact-nn` references. Updates are stored as movements from the start.
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "nn/tests/reference"))
from formula import digest, parameter, values  # noqa: E402
from modules import Net  # noqa: E402

assert torch.__version__.startswith("2.15.0"), torch.__version__
torch.set_num_threads(1)

SIDE, WIDTH, HIDDEN, OUT, CLASSES, STEPS, TOTAL = 8, 8, 16, 8, 3, 3, 10
RATES = [0.1, 0.2, 0.15]
TAU_BASE = 0.9
TEMPERATURE = 0.2


def network(prefix, norm):
    return Net(norm, standardise=norm == "group", draw=lambda name, shape: parameter(prefix + name, shape))


class Method:
    def __init__(self, norm, predictor, classifier):
        self.online, self.target = network("online.", norm), network("target.", norm)
        self.predictor, self.classifier = predictor, classifier

    def project(self, net, view):
        y = net.resnet("encoder.", view, 8, "cifar", WIDTH)
        return y, net.mlp("projector.", y, HIDDEN, OUT)

    def predict(self, view):
        y, z = self.project(self.online, view)
        return y, self.online.mlp("predictor.", z, HIDDEN, OUT) if self.predictor else z

    def probe(self, y, labels):
        if not self.classifier:
            return 0.0
        return F.cross_entropy(self.online.linear("classifier", y.detach(), CLASSES), labels)

    def byol(self, first, second, labels):
        with torch.no_grad():
            target_first, target_second = self.project(self.target, first)[1], self.project(self.target, second)[1]
        (y, p_first), (_, p_second) = self.predict(first), self.predict(second)
        direction = lambda p, z: (2 - 2 * F.cosine_similarity(p, z)).mean()
        loss = direction(p_first, target_second) + direction(p_second, target_first)
        return loss, loss + self.probe(y, labels)

    def simclr(self, first, second, labels):
        (y, z_first), (_, z_second) = self.project(self.online, first), self.project(self.online, second)
        z, count = torch.cat([z_first, z_second]), len(first)
        terms = []
        for i in range(2 * count):
            partner = (i + count) % (2 * count)
            others = torch.stack([torch.exp(F.cosine_similarity(z[i], z[k], dim=0) / TEMPERATURE) for k in range(2 * count) if k != i])
            positive = torch.exp(F.cosine_similarity(z[i], z[partner], dim=0) / TEMPERATURE)
            terms.append(-torch.log(positive / others.sum()))
        loss = torch.stack(terms).mean()
        return loss, loss + self.probe(y, labels)


def update(kind, net, velocity, rate):
    for name, w in net.parameters.items():
        g, excluded = w.grad, w.dim() <= 1
        decay = 0.0 if excluded else {"sgd": 5e-4, "lars": 1e-3}[kind]
        g1 = g + decay * w.detach()
        r = 1.0
        if kind == "lars" and not excluded and w.norm() > 0 and g1.norm() > 0:
            r = 0.02 * (w.norm() / g1.norm()).item()
        velocity[name] = 0.9 * velocity.get(name, torch.zeros_like(w)) + r * g1
        w.data -= rate * velocity[name]
        w.grad = None


def run(method, norm, kind, batch, micro, predictor, classifier, salt):
    start = f"{method} {norm} {salt}"
    learner = Method(norm, predictor, classifier)
    views = [torch.tensor(values(f"{start} view {view}", batch * 3 * SIDE * SIDE).reshape(batch, 3, SIDE, SIDE)) for view in (1, 2)]
    labels = torch.tensor([index % CLASSES for index in range(batch)])
    velocity, losses, after = {}, [], []
    origins = None
    for step in range(STEPS):
        shown = []
        for part in range(0, batch, micro):
            rows = slice(part, part + micro)
            loss, total = getattr(learner, method)(views[0][rows], views[1][rows], labels[rows])
            (total * micro / batch).backward()
            shown.append(loss.item())
        losses.append(float(np.mean(shown)))
        if origins is None:
            origins = [{name: value.detach().clone() for name, value in net.parameters.items()} for net in (learner.online, learner.target)]
            gradients = {name: value.grad.clone() for name, value in learner.online.parameters.items()}
        update(kind, learner.online, velocity, RATES[step])
        tau = 1 - (1 - TAU_BASE) * (math.cos(math.pi * step / TOTAL) + 1) / 2
        for name, xi in learner.target.parameters.items():
            xi.data = tau * xi.data + (1 - tau) * learner.online.parameters[name].data
        after.append([
            {name: value.detach() - origin[name] for name, value in net.parameters.items()}
            for net, origin in zip((learner.online, learner.target), origins)
        ])
    return learner, start, losses, gradients, after


def digests(tensors):
    return {name: [float(f"{entry:.6g}") for entry in digest(name, value)] for name, value in sorted(tensors.items())}


def case(name, method, norm, kind, batch=8, micro=8, predictor=True, classifier=True, salts=100):
    settings = (method, norm, kind, batch, micro, predictor, classifier)

    def distance(salt):
        learner = run(*settings, salt)[0]
        return min(learner.online.smallest, learner.target.smallest)

    salts = salts if method == "byol" else 10
    salt = max(range(salts), key=distance)
    learner, start, losses, gradients, after = run(*settings, salt)
    print(f"{name}: pictures {salt}, nearest to a kink {distance(salt):.1e}, losses {losses}")
    networks = [("online", learner.online, 0)] + ([("target", learner.target, 1)] if method == "byol" else [])
    return {
        "name": name, "method": method, "norm": norm, "optimizer": kind, "batch": batch, "micro_batch": micro, "predictor": predictor,
        "classifier": classifier, "pictures": start, "losses": losses, "gradients": digests(gradients),
        "after_three": {key: digests(after[2][index]) for key, _, index in networks},
        "buffers": {key: digests(net.buffers) for key, net, _ in networks},
    }


cases = [
    case("byol batch norm sgd", "byol", "batch", "sgd"),
    case("byol batch norm lars", "byol", "batch", "lars"),
    case("byol batch norm in micro-batches", "byol", "batch", "sgd", batch=16),
    case("byol group norm lars", "byol", "group", "lars"),
    case("byol group norm in micro-batches", "byol", "group", "sgd", micro=2),
    case("byol without predictor", "byol", "group", "sgd", predictor=False, classifier=False),
    case("simclr batch norm", "simclr", "batch", "sgd", predictor=False),
]
found = {
    "side": SIDE, "width": WIDTH, "hidden": HIDDEN, "output": OUT, "classes": CLASSES, "total_steps": TOTAL,
    "learning_rates": RATES, "tau_base": TAU_BASE, "temperature": TEMPERATURE, "cases": cases,
}
pathlib.Path(__file__).with_name("methods.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")
