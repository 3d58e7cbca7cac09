"""Losses of a batch and their gradients, in double precision, by JAX; writes losses.json beside this file.

pip install jax==0.10.2
"""

import json
import pathlib

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

BATCH, ACTIONS = 5, 4


def losses(logits, value_logits, policy, legal, value):
    """The policy's and the value's cross-entropy, each a mean over the batch."""
    masked = jnp.where(legal > 0, logits, -jnp.inf)
    log_policy = jnp.where(legal > 0, jax.nn.log_softmax(masked, axis=1), 0.0)
    share = (1 + value) / 2
    log_win, log_loss = jax.nn.log_sigmoid(value_logits), jax.nn.log_sigmoid(-value_logits)
    return (
        -jnp.mean(jnp.sum(policy * log_policy, axis=1)),
        -jnp.mean(share * log_win + (1 - share) * log_loss),
    )


keys = jax.random.split(jax.random.key(1), 5)
logits = 2 * jax.random.normal(keys[0], (BATCH, ACTIONS))
value_logits = 3 * jax.random.normal(keys[1], (BATCH,))
legal = jnp.array([[1, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0], [1, 1, 0, 1], [0, 1, 1, 1]], dtype=jnp.float64)
weights = jax.random.uniform(keys[2], (BATCH, ACTIONS)) * legal
policy = weights / weights.sum(axis=1, keepdims=True)
value = jnp.array([1.0, -1.0, 0.0, 0.25, -0.7])

policy_loss, value_loss = losses(logits, value_logits, policy, legal, value)
gradients = jax.grad(lambda a, b: sum(losses(a, b, policy, legal, value)), argnums=(0, 1))(logits, value_logits)
found = {
    "logits": logits.tolist(),
    "value_logits": value_logits.tolist(),
    "policy": policy.tolist(),
    "legal": legal.tolist(),
    "value": value.tolist(),
    "policy_loss": float(policy_loss),
    "value_loss": float(value_loss),
    "logits_gradient": gradients[0].tolist(),
    "value_logits_gradient": gradients[1].tolist(),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(found, indent=1) + "\n")
