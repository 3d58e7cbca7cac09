"""Searches along one axis with equal numbers of evaluations: ours, scipy's and Optuna's, on functions of known maxima.

    cargo build --release -p autodidact-brownian --example searches
    python benchmarks/search.py [--budgets 25 100 400] [--program target/release/examples/searches]

Needs scipy and optuna. Each function is searched on twenty intervals, shifted by up to a tenth of their length either way. Printed
is the median regret (maximum minus best value found, 0 where it is below 1e-12) and each method's own microseconds for an
evaluation, the function's left out. scipy's methods that count otherwise are stopped by force at the budget; `shgo` samples
Sobol points and then polishes, `brute` is an even grid without its polish. Ours know no constant of the functions: scales
are estimated.
"""
import argparse
import math
import os
import statistics
import subprocess
import time
import warnings

import numpy as np

PEAK, SHIFTS = 0.387, 20


def double_sine(x):
    u = 2 * abs(x - 0.3)
    if u == 0:
        return 0.0
    outer, inner = u ** -math.log2(0.8), u ** -math.log2(0.3)
    return 0.5 * (math.sin(0.5 * math.log2(u) * 2 * math.pi) + 1) * (outer - inner) - outer


def weierstrass(hurst):
    return lambda x: -sum(2 ** (-hurst * k) * (1 - math.cos(2 * math.pi * 2**k * (x - PEAK))) for k in range(20))


FUNCTIONS = {
    "parabola": (lambda x: -((x - 0.3) ** 2), (-1, 2), 0.0),
    "rastrigin": (lambda x: -(x * x - 10 * math.cos(2 * math.pi * x) + 10), (-5.12, 5.12), 0.0),
    "double-sine": (double_sine, (0, 1), 0.0),
    "garland": (lambda x: 4 * x * (1 - x) * (0.75 + 0.25 * (1 - math.sqrt(abs(math.sin(60 * x))))), (0, 1), 0.997772313413222),
    "weierstrass-0.3": (weierstrass(0.3), (0, 1), 0.0),
    "weierstrass-0.5": (weierstrass(0.5), (0, 1), 0.0),
    "weierstrass-0.7": (weierstrass(0.7), (0, 1), 0.0),
}


class Spent(Exception):
    pass


class Counted:
    """-f, which ends a method that goes beyond its budget."""

    def __init__(self, f, budget):
        self.f, self.left, self.best, self.seconds = f, budget, -math.inf, 0.0

    def __call__(self, x, *_):
        if self.left == 0:
            raise Spent
        self.left -= 1
        begun = time.perf_counter()
        value = self.f(float(np.atleast_1d(x)[0]))
        self.seconds += time.perf_counter() - begun
        self.best = max(self.best, value)
        return -value


def theirs(budget, seed):
    import optuna
    from scipy import optimize

    def tpe(g, ends):
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        study.optimize(lambda trial: g(trial.suggest_float("x", *ends)), n_trials=budget)

    return {
        "scipy shgo": lambda g, ends: optimize.shgo(g, [ends], n=max(budget // 2, 8), sampling_method="sobol"),
        "scipy dual_annealing": lambda g, ends: optimize.dual_annealing(g, [ends], maxfun=budget, seed=seed),
        "scipy direct": lambda g, ends: optimize.direct(g, [ends], maxfun=budget, maxiter=100000, vol_tol=0, len_tol=0),
        "scipy brute": lambda g, ends: optimize.brute(g, [ends], Ns=budget, finish=None),
        "Optuna TPE": tpe,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budgets", type=int, nargs="+", default=[25, 100, 400])
    parser.add_argument("--program")
    parser.add_argument("--tpe-shifts", type=int, default=5, help="intervals for Optuna, which is slow")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(root, "target"))
    program = arguments.program or os.path.join(target, "release", "examples", "searches")

    regrets, own = {}, {}
    out = subprocess.run([program, *map(str, arguments.budgets)], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        method, function, _, budget, regret, microseconds = line.split()
        key = method.replace("_", " ")
        regrets.setdefault((key, function, int(budget)), []).append(float(regret))
        own.setdefault(key, []).append(float(microseconds))
    for name, (f, (low, high), maximum) in FUNCTIONS.items():
        for shift in range(SHIFTS):
            moved = (high - low) * 0.1 * (2 * shift / (SHIFTS - 1) - 1)
            ends = (low + moved, high + moved)
            for budget in arguments.budgets:
                for method, run in theirs(budget, shift).items():
                    if method == "Optuna TPE" and shift % (SHIFTS // arguments.tpe_shifts):
                        continue
                    g = Counted(f, budget)
                    begun = time.perf_counter()
                    try:
                        run(g, ends)
                    except Spent:
                        pass
                    spent = time.perf_counter() - begun - g.seconds
                    regrets.setdefault((method, name, budget), []).append(maximum - g.best)
                    own.setdefault(method, []).append(1e6 * spent / budget)

    for budget in arguments.budgets:
        print(f"\n{budget} evaluations: median regret\n")
        print("| method | own µs | " + " | ".join(FUNCTIONS) + " |\n|---|---|" + "---|" * len(FUNCTIONS))
        for method in own:
            row = [statistics.median(regrets[method, name, budget]) for name in FUNCTIONS]
            shown = ["0" if regret < 1e-12 else f"{regret:.1e}" for regret in row]
            print(f"| {method} | {statistics.median(own[method]):.2f} | " + " | ".join(shown) + " |")


if __name__ == "__main__":
    main()
