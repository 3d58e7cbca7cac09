"""Writes training.json: PyTorch's layer normalisation, losses and optimizers, in double precision.

    python training.py    (torch 2.15.0, CPU)

The loss of a normalisation is sum(out * grad_out); that of a loss is 0.7 times it.
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
    return x.detach().flatten().tolist()


def layer_norm(rows, features):
    x, gamma, beta = rand(rows, features), rand(features), rand(features)
    out = torch.nn.functional.layer_norm(x, [features], gamma, beta, eps=1e-3)
    grad_out = rand(*out.shape)
    out.backward(grad_out)
    return {
        "rows": rows, "features": features, "epsilon": 1e-3, "x": flat(x), "gamma": flat(gamma), "beta": flat(beta),
        "out": flat(out), "grad_out": flat(grad_out), "grad_x": flat(x.grad), "grad_gamma": flat(gamma.grad),
        "grad_beta": flat(beta.grad),
    }


def cross_entropy(rows, classes, size, smoothing):
    # A size that is a power of two, so that the logits stay exact.
    logits = (rand(rows, classes).detach() * size).requires_grad_()
    labels = torch.randint(classes, (rows,))
    loss = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    (0.7 * loss).backward()
    return {
        "rows": rows, "classes": classes, "smoothing": smoothing, "logits": flat(logits), "labels": labels.tolist(),
        "loss": loss.item(), "log_sum_exp": flat(torch.logsumexp(logits, 1)), "grad_loss": 0.7,
        "grad_logits": flat(logits.grad),
    }


def byol_loss(rows, features, zeros_in_p=(), zeros_in_z=()):
    p, z = rand(rows, features).detach(), rand(rows, features).detach()
    for row in zeros_in_p:
        p[row] = 0
    for row in zeros_in_z:
        z[row] = 0
    p.requires_grad_()

    def normalized(u):
        return u / (u * u).sum(1, keepdim=True).clamp_min(1e-12).sqrt()

    loss = ((normalized(p) - normalized(z)) ** 2).sum(1).mean()
    (0.7 * loss).backward()
    return {
        "rows": rows, "features": features, "prediction": flat(p), "target_projection": flat(z), "loss": loss.item(),
        "grad_loss": 0.7, "grad_prediction": flat(p.grad),
    }


def optimizer(make, length, **settings):
    weight = rand(length)
    case = {"weight": flat(weight), **settings}
    rule = make([weight], **settings)
    gradients = [rand(length).detach() for _ in range(5)]
    for weight.grad in gradients:
        rule.step()
    state = rule.state[weight]
    names = {"momentum_buffer": "momentum_after", "exp_avg": "first_moment_after", "exp_avg_sq": "second_moment_after"}
    return case | {
        "gradients": [flat(gradient) for gradient in gradients], "weight_after": flat(weight),
        **{names[name]: flat(value) for name, value in state.items() if name in names},
    }


def sgd(length, **settings):
    return optimizer(torch.optim.SGD, length, **settings)


values = {
    "torch": torch.__version__,
    "layer_norms": [layer_norm(3, 5), layer_norm(7, 33)],
    "cross_entropies": [
        cross_entropy(4, 3, 1, 0.0),
        cross_entropy(3, 21, 4, 0.0),
        cross_entropy(5, 10, 1, 0.25),
        cross_entropy(3, 17, 2**14, 0.0),
        cross_entropy(3, 17, 2**14, 0.125),
    ],
    "byol_losses": [byol_loss(3, 5), byol_loss(5, 19, zeros_in_p=[1, 3], zeros_in_z=[3, 4])],
    "sgd": [
        sgd(9, lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0),
        sgd(21, lr=0.1, momentum=0.9, nesterov=False, weight_decay=0.01),
        sgd(21, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    ],
    "adamw": [
        optimizer(torch.optim.AdamW, 21, lr=0.01, betas=[0.9, 0.999], eps=1e-8, weight_decay=0.1),
        optimizer(torch.optim.AdamW, 9, lr=0.01, betas=[0.8, 0.95], eps=1e-3, weight_decay=0.0),
    ],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(values, indent=None, separators=(",", ":")).replace('},{', '},\n{') + "\n")
