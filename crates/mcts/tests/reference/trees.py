"""Search trees of google-deepmind/mctx on small deterministic models, node by node: writes trees.json beside itself.

    pip install mctx==0.0.71 jax==0.10.2 && python trees.py

A model is a table: state s and action a lead to state (s * A + a + 1) mod S, with a reward and a discount; states have logits and values.
No noise: the root's Dirichlet fraction is 0, and Gumbel variables are stored. Ties are broken by random numbers in mctx; tables of random
numbers have none.
"""

import json
import pathlib

import jax
import jax.numpy as jnp
import mctx
import numpy as np


def model(rng, states, actions, kind):
    reward = rng.normal(size=(states, actions)) * 0.3
    discount = np.full((states, actions), 0.9)
    if kind == "two players":
        reward, discount = reward * (rng.random((states, actions)) < 0.1), np.full((states, actions), -1.0)
    if kind == "ends":
        discount[rng.random((states, actions)) < 0.2] = 0.0
    return {
        "logits": rng.normal(size=(states, actions)).astype(np.float32),
        "value": np.tanh(rng.normal(size=states)).astype(np.float32),
        "reward": reward.astype(np.float32),
        "discount": discount.astype(np.float32),
    }


def tree_of(output, index):
    tree = output.search_tree
    take = lambda name: np.asarray(getattr(tree, name)[index])
    count = int((take("node_visits") > 0).sum())
    return {
        "parent": take("parents")[:count].tolist(),
        "action_from_parent": take("action_from_parent")[:count].tolist(),
        "visits": take("node_visits")[:count].tolist(),
        "value": take("node_values")[:count].tolist(),
        "root_visits": take("children_visits")[0].tolist(),
        "action_weights": np.asarray(output.action_weights[index]).tolist(),
        "action": int(output.action[index]),
    }


def main():
    rng = np.random.default_rng(0)
    cases = []
    for actions, states, simulations, kind in (
        (3, 11, 24, "one player"), (7, 53, 64, "two players"), (18, 101, 50, "ends"), (82, 41, 32, "one player"),
        (82, 43, 200, "two players"), (5, 29, 300, "ends"),
    ):
        table = model(rng, states, actions, kind)
        arrays = {name: jnp.asarray(value) for name, value in table.items()}

        def recurrent(_, __, action, state):
            output = mctx.RecurrentFnOutput(
                reward=arrays["reward"][state, action], discount=arrays["discount"][state, action],
                prior_logits=arrays["logits"][(state * actions + action + 1) % states],
                value=arrays["value"][(state * actions + action + 1) % states])
            return output, (state * actions + action + 1) % states

        roots = jnp.arange(3)
        root = mctx.RootFnOutput(prior_logits=arrays["logits"][roots], value=arrays["value"][roots], embedding=roots)
        key = jax.random.PRNGKey(0)
        found = {}
        found["muzero"] = mctx.muzero_policy(
            None, key, root, recurrent, num_simulations=simulations, dirichlet_fraction=0.0)
        found["gumbel"] = mctx.gumbel_muzero_policy(
            None, key, root, recurrent, num_simulations=simulations, max_num_considered_actions=16, gumbel_scale=1.0)
        case = {"actions": actions, "states": states, "simulations": simulations}
        case |= {name: value.tolist() for name, value in table.items()}
        case["gumbels"] = np.asarray(found["gumbel"].search_tree.extra_data.root_gumbel).tolist()
        case["trees"] = {name: [tree_of(output, index) for index in range(3)] for name, output in found.items()}
        cases.append(case)
    path = pathlib.Path(__file__).with_suffix(".json")

    def short(value):
        if isinstance(value, float):
            return float(np.format_float_positional(np.float32(value), unique=True))
        if isinstance(value, list):
            return [short(entry) for entry in value]
        return {name: short(entry) for name, entry in value.items()} if isinstance(value, dict) else value

    path.write_text(json.dumps(short(cases), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
