"""Writes tuners.json: learning rates and losses of each tuner on a small logistic regression, in double precision.

    python tuners.py    (jax 0.10.2, optax 0.2.8, torch 2.15.0, prodigyopt 1.1.2, dog-optimizer 1.0.3, momo-opt 0.1.0, schedulefree 1.4.1, CPU)

Base updates are optax's transformations, curvature is a Hessian-vector product of jax. Backtracking and Polyak's step are
optax's, DoG, Prodigy, MoMo and schedule-free learning the packages of their authors. Prodigy runs with β₁ = β₂ = 0, where its
update is the sign of the gradient and does not depend on how moments are scaled by past distances.
"""

import importlib.metadata
import json
import pathlib

import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
import optax
import torch
from dog import DoG
from momo import Momo
from prodigyopt import Prodigy
from schedulefree import SGDScheduleFree

STEPS = 20
ROWS, COLUMNS, RIDGE = 12, 5, 0.5
i, j = np.meshgrid(np.arange(ROWS), np.arange(COLUMNS), indexing="ij")
A = np.sin(3.0 * i + 5.0 * j + 1.0) * (1.0 + j)
Y = np.sign(np.cos(7.0 * np.arange(ROWS)))
W0 = 0.1 * np.cos(np.arange(COLUMNS, dtype=float))


def loss(w):
    return jnp.mean(jnp.logaddexp(0.0, -jnp.asarray(Y) * (jnp.asarray(A) @ w))) + 0.5 * RIDGE * jnp.sum(w**2)


def torch_loss(w):
    a, y = torch.tensor(A), torch.tensor(Y)
    return torch.logaddexp(torch.zeros(ROWS, dtype=torch.float64), -y * (a @ w)).mean() + 0.5 * RIDGE * (w**2).sum()


BASES = {
    "gradient-descent": optax.identity(),
    "momentum": optax.trace(0.9),
    "nesterov": optax.trace(0.9, nesterov=True),
    "rmsprop": optax.scale_by_rms(decay=0.999, eps=1e-8, eps_in_sqrt=True, bias_correction=False),
    "adam": optax.scale_by_adam(),
    "adamw": optax.chain(optax.scale_by_adam(), optax.add_decayed_weights(0.1)),
}


def run(base, tuner):
    """`tuner(w, g, u, before)` gives η and its state."""
    w, state, memory = jnp.asarray(W0), BASES[base].init(jnp.asarray(W0)), None
    rates, losses = [], []
    for _ in range(STEPS):
        value, g = jax.value_and_grad(loss)(w)
        u, state = BASES[base].update(g, state, w)
        u = -u
        rate, memory = tuner(w, value, g, u, memory)
        rates.append(float(rate))
        losses.append(float(value))
        w = w + rate * u
    return {"rates": rates, "losses": losses}


def along(w, u):
    return u @ jax.jvp(jax.grad(loss), (w,), (u,))[1]


def cdat(sigma, beta):
    def tuner(w, value, g, u, before):
        n, d = before or (0.0, 0.0)
        n = (1 - beta) * jnp.maximum(-(g @ u), 0.0) + beta * n
        d = (1 - beta) * jnp.abs(along(w, u)) + beta * d
        return sigma * n / d, (n, d)

    return tuner


def hypergradient(initial, beta):
    def tuner(w, value, g, u, before):
        if before is None:
            return initial, (initial, u)
        rate, last = before
        rate = rate * (1 - beta * (g @ last) / jnp.linalg.norm(g) / jnp.linalg.norm(last))
        return rate, (rate, u)

    return tuner


def sharpness(sigma):
    return lambda w, value, g, u, before: (sigma / jnp.max(jnp.linalg.eigvalsh(jax.hessian(loss)(w))), None)


def with_optax(optimizer):
    w, state = jnp.asarray(W0), optimizer.init(jnp.asarray(W0))
    losses = []
    for _ in range(STEPS):
        value, g = jax.value_and_grad(loss)(w)
        losses.append(float(value))
        u, state = optimizer.update(g, state, w, value=value, grad=g, value_fn=loss)
        w = w + u
    return {"losses": losses}


def with_torch(build, needs_loss=False):
    w = torch.tensor(W0).requires_grad_()
    optimizer = build([w])
    if hasattr(optimizer, "train"):
        optimizer.train()
    losses, averaged = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        value = torch_loss(w)
        value.backward()
        losses.append(float(value.detach()))
        optimizer.step(loss=value) if needs_loss else optimizer.step()
        if hasattr(optimizer, "eval"):
            optimizer.eval()
            averaged.append(float(torch_loss(w).detach()))
            optimizer.train()
    return {"losses": losses, **({"averaged": averaged} if averaged else {})}


found = {f"cdat-{base}": run(base, cdat(1.5, 0.0)) for base in BASES}
found |= {f"cdat-averaged-{base}": run(base, cdat(1.2, 0.5)) for base in BASES}
found["hypergradient"] = run("momentum", hypergradient(0.1, 0.3))
found["sharpness"] = run("gradient-descent", sharpness(1.0))
found["backtracking"] = with_optax(
    optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(max_backtracking_steps=30, slope_rtol=0.5, increase_factor=4.0))
)
found["polyak"] = with_optax(optax.polyak_sgd(max_learning_rate=0.5))
found["dog"] = with_torch(lambda w: DoG(w, reps_rel=1e-2))
found["prodigy"] = with_torch(lambda w: Prodigy(w, d0=1e-3, betas=(1e-12, 0.0), beta3=0.95, eps=1e-30))
found["momo"] = with_torch(lambda w: Momo(w, lr=2.0, beta=0.9, bias_correction=True), needs_loss=True)
found["schedule-free"] = with_torch(lambda w: SGDScheduleFree(w, lr=0.5, momentum=0.9, warmup_steps=5))

versions = {name: importlib.metadata.version(name) for name in
            ["jax", "optax", "torch", "prodigyopt", "dog-optimizer", "momo-opt", "schedulefree"]}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"versions": versions, "found": found}, indent=1) + "\n")
print(versions)
for name, values in found.items():
    print(name, values["losses"][0], values["losses"][-1])
