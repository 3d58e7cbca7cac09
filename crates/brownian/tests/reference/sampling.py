"""Prints the moments of the place of a Brownian bridge's supremum, for tests/sampling.rs.

    python sampling.py    (scipy 1.17.1)

The density at a share s is proportional to (s (1 - s))^(-3/2) exp(-a^2 / 2s - b^2 / 2(1 - s)).
"""

import math

from scipy.integrate import quad

for variance, ends, supremum in ((1.0, (0.0, 0.0), 1.0), (0.25, (0.1, -0.4), 0.3), (0.01, (-0.2, 0.05), 0.06), (2.0, (1.0, 1.5), 1.6)):
    a, b = ((supremum - end) / math.sqrt(variance) for end in ends)
    density = lambda s: (s * (1 - s)) ** -1.5 * math.exp(-a * a / (2 * s) - b * b / (2 * (1 - s)))
    moment = lambda power: sum(quad(lambda s: s**power * density(s), low, high, epsabs=0, epsrel=1e-10, limit=500)[0]
                               for low, high in ((1e-12, 0.01), (0.01, 0.5), (0.5, 0.99), (0.99, 1 - 1e-12)))
    total = moment(0)
    mean = moment(1) / total
    print(f"    ({variance}, [{ends[0]}, {ends[1]}], {supremum}, {mean!r}, {moment(2) / total - mean**2!r}),")
