"""Own time of tree searches: ours beside mctx's on the same table, in one run, interleaved.

    cargo build --release -p autodidact-mcts --example own_time
    pip install mctx==0.0.71 jax==0.10.2 && python benchmarks/tree_search.py [--actions 82] [--trees 64] [--threads 1]

The table `null` says 0 and no preference of every state, `random` what random numbers do. Compilation is not counted. Prints microseconds for
a simulation of one tree, medians of several runs, and ratios; with --json, an object.
"""

import argparse
import collections
import json
import os
import pathlib
import statistics
import subprocess
import time

STATES = 499


def ours(arguments):
    program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release/examples/own_time"
    numbers = [str(arguments.actions), str(arguments.trees), str(arguments.threads)]
    lines = subprocess.run([program, *numbers], check=True, capture_output=True, text=True).stdout.splitlines()
    rows = (line.split() for line in lines[1:])
    return {(table, recipe, int(simulations)): float(time) for table, recipe, simulations, time in rows}


def theirs(arguments):
    import jax
    import jax.numpy as jnp
    import mctx
    import numpy as np

    actions, trees = arguments.actions, arguments.trees
    rng = np.random.default_rng(1)
    searches = {}
    for table, spread in (("null", 0.0), ("random", 1.0)):
        logits = jnp.asarray(spread * 2 * rng.random((STATES, actions)), jnp.float32)
        values = jnp.asarray(spread * (2 * rng.random(STATES) - 1), jnp.float32)

        def recurrent(_, __, action, state, logits=logits, values=values):
            after = (state * actions + action + 1) % STATES
            zeros = jnp.zeros(state.shape)
            return mctx.RecurrentFnOutput(
                reward=zeros, discount=zeros - 1, prior_logits=logits[after], value=values[after]), after

        states = jnp.arange(trees) % STATES
        root = mctx.RootFnOutput(prior_logits=logits[states], value=values[states], embedding=states)
        # Its time grows with the square of the simulations where searches go deep: minutes at 800.
        for simulations in (32, 200) if table == "null" else (32,):
            for recipe, policy in (("mctx-muzero", mctx.muzero_policy), ("gumbel", mctx.gumbel_muzero_policy)):
                def search(key, root=root, policy=policy, simulations=simulations, recurrent=recurrent):
                    output = policy(None, key, root, recurrent, num_simulations=simulations)
                    return output.action, output.action_weights

                searches[table, recipe, simulations] = jax.jit(search)

    def measure(name):
        search, simulations = searches[name], name[2]
        begun = time.perf_counter()
        jax.block_until_ready(search(jax.random.PRNGKey(1)))
        return 1e6 * (time.perf_counter() - begun) / (trees * simulations)

    for name in searches:
        measure(name)
    return searches, measure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("actions", 82), ("trees", 64), ("threads", 1), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.environ.setdefault("XLA_FLAGS", f"--xla_cpu_multi_thread_eigen={str(arguments.threads > 1).lower()}")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.threads])
    searches, measure = theirs(arguments)
    times = collections.defaultdict(list)
    for _ in range(arguments.rounds):
        for name, value in ours(arguments).items():
            times["ours", *name].append(value)
        for name in searches:
            times["mctx", *name].append(measure(name))
    medians = {name: statistics.median(values) for name, values in times.items()}
    rows = []
    for (who, table, recipe, simulations), value in medians.items():
        if who == "ours":
            other = medians.get(("mctx", table, recipe, simulations))
            rows.append({"table": table, "recipe": recipe, "simulations": simulations, "ours": value, "mctx": other})
    if arguments.json:
        print(json.dumps({"actions": arguments.actions, "trees": arguments.trees, "threads": arguments.threads, "rows": rows}))
        return
    print("| table | recipe | simulations | ours µs | mctx µs | ratio |\n|---|---|---|---|---|---|")
    for row in rows:
        other = f"{row['mctx']:.1f} | {row['mctx'] / row['ours']:.0f}" if row["mctx"] else " | "
        print(f"| {row['table']} | {row['recipe']} | {row['simulations']} | {row['ours']:.3f} | {other} |")


if __name__ == "__main__":
    main()
