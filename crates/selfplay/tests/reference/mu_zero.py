"""MuZero's losses and their gradients for a small network of fully connected layers, in double precision, by JAX; writes mu_zero.json beside
this file.

pip install jax==0.10.2
"""

import json
import pathlib

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

BATCH, SEEN, ACTIONS, WIDTH, CHANNELS, HIDDEN, VALUES, REWARDS, STEPS = 4, 3, 3, 4, 2, 5, 5, 3, 3


def linear(p, name, x):
    return x @ p[name + ".weight"].T + p[name + ".bias"]


def layers(p, name, x):
    return linear(p, name + ".output", jax.nn.relu(linear(p, name + ".hidden.0", x)))


def head(p, name, x):
    return linear(p, name + ".output", jax.nn.relu(linear(p, name + ".hidden", jax.nn.relu(linear(p, name + ".cells", x)))))


def unit(x):
    low, high = x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)
    return (x - low) / (high - low + 1e-5)


@jax.custom_vjp
def halved(x):
    """The identity, whose gradient is halved."""
    return x


halved.defvjp(lambda x: (x, None), lambda _, g: (0.5 * g,))


def cross_entropy(target, logits):
    return -jnp.mean(jnp.sum(target * jax.nn.log_softmax(logits), axis=1))


def losses(p, batch):
    state = unit(layers(p, "representation.Mlp", batch["seen"]))
    policy = cross_entropy(batch["policy"][0], head(p, "policy", state))
    value = cross_entropy(batch["value"][0], head(p, "value", state))
    reward = 0.0
    for k in range(STEPS):
        state = halved(state)
        planes = linear(p, "actions", batch["actions"][k])
        state = unit(state + layers(p, "dynamics.Mlp", jnp.concatenate([state, planes], axis=1)))
        reward += cross_entropy(batch["reward"][k], head(p, "reward", state)) / STEPS
        policy += cross_entropy(batch["policy"][k + 1], head(p, "policy", state)) / STEPS
        value += cross_entropy(batch["value"][k + 1], head(p, "value", state)) / STEPS
    return policy, value, reward


key = jax.random.key(1)


def normal(*shape):
    global key
    key, own = jax.random.split(key)
    return jax.random.normal(own, shape)


def shares(*shape):
    return jax.nn.softmax(2 * normal(*shape))


sizes = {"actions": (ACTIONS, CHANNELS)}
for name, inputs in [("representation.Mlp", SEEN), ("dynamics.Mlp", WIDTH + CHANNELS)]:
    sizes[name + ".hidden.0"] = (inputs, WIDTH)
    sizes[name + ".output"] = (WIDTH, WIDTH)
for name, outputs in [("policy", ACTIONS), ("value", VALUES), ("reward", REWARDS)]:
    sizes[name + ".cells"] = (WIDTH, WIDTH)
    sizes[name + ".hidden"] = (WIDTH, HIDDEN)
    sizes[name + ".output"] = (HIDDEN, outputs)
weights = {}
for name, (inputs, outputs) in sizes.items():
    weights[name + ".weight"] = normal(outputs, inputs)
    weights[name + ".bias"] = 0.5 * normal(outputs)
batch = {
    "seen": normal(BATCH, SEEN),
    "actions": jax.nn.one_hot(jnp.array([[0, 1, 2, 2], [1, 1, 0, 2], [2, 0, 0, 1]]), ACTIONS),
    # The last sequence ends after its first move.
    "policy": shares(STEPS + 1, BATCH, ACTIONS) * jnp.ones((STEPS + 1, BATCH, 1)).at[1:, 3].set(0.0),
    "value": shares(STEPS + 1, BATCH, VALUES),
    "reward": shares(STEPS, BATCH, REWARDS),
}
VALUE_WEIGHT, REWARD_WEIGHT = 0.25, 0.5


def total(p):
    policy, value, reward = losses(p, batch)
    return policy + VALUE_WEIGHT * value + REWARD_WEIGHT * reward


gradients = jax.grad(total)(weights)
flat = lambda tensors: {name: {"shape": list(x.shape), "values": x.ravel().tolist()} for name, x in tensors.items()}
found = {
    "weights": flat(weights),
    "batch": flat(batch),
    "losses": [float(loss) for loss in losses(weights, batch)],
    "gradients": flat(gradients),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(found) + "\n")
