"""UCT with one random game for each simulation: ours beside OpenSpiel's C++ search, on one thread, interleaved.

    cargo build --release -p autodidact-mcts --example uct
    pip install open_spiel==2.0.2 && python benchmarks/uct.py [--simulations 20000]

Both search from the first position, without a transposition table and without proven results; in Go OpenSpiel ends games after a number of
moves, ours when both pass.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import time

import pyspiel

GAMES = {
    "tic_tac_toe": "tic_tac_toe", "connect_four": "connect_four", "othello": "othello", "hex_7": "hex(board_size=7)",
    "go_9": "go(board_size=9)",
}


def theirs(name, simulations, seed):
    game = pyspiel.load_game(GAMES[name])
    evaluator = pyspiel.RandomRolloutEvaluator(1, seed)
    bot = pyspiel.MCTSBot(game, evaluator, 1.4, simulations, 8000, False, seed, False)
    begun = time.perf_counter()
    bot.mcts_search(game.new_initial_state())
    return simulations / (time.perf_counter() - begun)


def ours(simulations):
    program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release/examples/uct"
    lines = subprocess.run([program, str(simulations)], check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: float(rate) for name, _, rate in (line.split() for line in lines[1:])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rates = {name: ([], []) for name in GAMES}
    for seed in range(arguments.rounds):
        found = ours(arguments.simulations)
        for name, (own, other) in rates.items():
            own.append(found[name])
            other.append(theirs(name, arguments.simulations, seed))
    print("| game | ours, simulations/s | OpenSpiel | ratio |\n|---|---|---|---|")
    for name, pair in rates.items():
        own, other = map(statistics.median, pair)
        print(f"| {name} | {own:,.0f} | {other:,.0f} | {own / other:.1f} |")


if __name__ == "__main__":
    main()
