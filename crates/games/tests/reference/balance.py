"""Where the pole of CartPole-v1 goes: the numbers in `src/balance.rs`.

    pip install gymnasium==1.4.0 && python balance.py        # NumPy 2.4.6
"""

import gymnasium
import numpy as np

env = gymnasium.make("CartPole-v1").unwrapped
env.reset(seed=0)
env.state = np.array([0.01, -0.02, 0.03, 0.04])
for step in range(1, 100):
    action = int(env.state[2] + 0.5 * env.state[3] > 0) if step <= 60 else 1
    _, reward, terminated, _, _ = env.step(action)
    if step in (1, 60) or terminated:
        print(step, reward, terminated, [float(x) for x in env.state])
    if terminated:
        break
