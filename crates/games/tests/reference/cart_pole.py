"""Where a pushed pole goes, integrated by SciPy: the numbers in `src/cart_pole.rs`.

    python cart_pole.py        # SciPy 1.17.1, NumPy 2.4.6
"""

import numpy as np
from scipy.integrate import solve_ivp

GRAVITY, CART, POLE, HALF_LENGTH = 9.8, 1.0, 0.1, 0.5
CART_FRICTION, HINGE_FRICTION = 0.0005, 0.000002


def derivative(_, state, force):
    """The equations of Barto, Sutton and Anderson 1983, solved as a linear system in both accelerations."""
    _, velocity, angle, spin = state
    sin, cos = np.sin(angle), np.cos(angle)
    friction = CART_FRICTION * np.sign(velocity)
    matrix = [[CART + POLE, POLE * HALF_LENGTH * cos], [cos, 4 / 3 * HALF_LENGTH]]
    right = [
        force - friction + POLE * HALF_LENGTH * spin**2 * sin,
        GRAVITY * sin - HINGE_FRICTION * spin / (POLE * HALF_LENGTH),
    ]
    acceleration, spin_change = np.linalg.solve(matrix, right)
    return [velocity, acceleration, spin, spin_change]


# It moves from the beginning, so that the friction does not jump from none.
state = [0.0, 0.1, np.pi, 0.0]
for seconds, force in [(0.4, 10.0), (0.3, -10.0), (0.3, 2.5)]:
    solution = solve_ivp(derivative, (0, seconds), state, "DOP853", args=(force,), rtol=1e-12, atol=1e-13)
    state = solution.y[:, -1]
print([float(x) for x in state])
