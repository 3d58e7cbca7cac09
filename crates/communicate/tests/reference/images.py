"""One step of a discrimination game with pictures in PyTorch, double precision: each agent sees them through a residual network of its own.

    python images.py > images.json

Made with torch 2.15.0 and numpy 2.4.6. Speaker and listener are those of `discrimination.py`, the network is crate `nn`'s twin
(`crates/nn/tests/reference/modules.py`), whose numbers are stored one after the other in the order of their names.
"""
import json
import pathlib
import sys

import torch
import torch.nn.functional as F

from discrimination import Discriminator, of_speaker
from step import ENTROPY, rounded, speak, speaker_of

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "nn/tests/reference"))
from modules import Net

SIDE, WIDTH = 8, 2


def draw(name, shape):
    fan_in = shape[0] if len(shape) == 1 else int(torch.tensor(shape[1:]).prod())
    drawn = torch.randn(shape) * (0.2 if len(shape) == 1 else (2 / fan_in) ** 0.5)
    return (drawn + (1 if name.endswith("gamma") else 0)).float().double().numpy()


def see(net, pictures):
    return net.resnet("", pictures, 8, "cifar", WIDTH)


def step(kind, count, distractors, seed):
    torch.manual_seed(seed)
    vocab, length, embedded, hidden, projection = 5, 3, 6, 8, 7
    nets = [Net("group", draw=draw), Net("group", draw=draw)]
    pictures = torch.randn(count, 3, SIDE, SIDE).float().double()
    width = see(nets[0], pictures[:1]).shape[1]
    speaker = speaker_of(kind, width, vocab, length, embedded, hidden, True)
    listener = Discriminator(kind, vocab, length, embedded, hidden, width, projection, False)
    for agent in (speaker, listener):
        for parameter in agent.parameters():
            parameter.data = (1.5 * parameter.data + 0.1 * torch.randn_like(parameter)).float().double()
    drawn = torch.rand(count, length).float().double()
    if distractors is None:
        candidates, target = torch.arange(count).expand(count, -1), torch.arange(count)
    else:
        others = [[o for o in torch.randperm(count).tolist() if o != n][:distractors] for n in range(count)]
        candidates = torch.cat([torch.arange(count)[:, None], torch.tensor(others)], 1)
        target = torch.zeros(count, dtype=torch.long)

    symbols, lengths, log_prob, entropy = speak(speaker, see(nets[0], pictures), drawn)
    log_probs = listener(symbols, lengths, see(nets[1], pictures)[candidates])
    likelihood = log_probs.gather(1, target[:, None]).squeeze(1)
    listener_loss = -likelihood.mean()
    reward = likelihood.detach()
    speaker_loss = -((reward - reward.mean()) * log_prob).mean() - ENTROPY * (entropy / lengths).mean()
    listener_loss.backward()
    speaker_loss.backward()
    flat = lambda numbers: {name: value.detach().reshape(-1).tolist() for name, value in numbers.items()}
    whole = lambda net, of: torch.cat([of(net.parameters[name]).reshape(-1) for name in sorted(net.parameters)])

    def agent(net, named):
        both = lambda of: flat({"observation": whole(net, of), **named(of)})
        return {"values": both(lambda parameter: parameter), "gradient": both(lambda parameter: parameter.grad)}

    return min(net.smallest for net in nets), {
        "cell": kind,
        "normalised": [True, False],
        "vocab_size": vocab,
        "max_length": length,
        "embedding": embedded,
        "hidden": hidden,
        "projection": projection,
        "side": SIDE,
        "width": WIDTH,
        "entropy_weight": ENTROPY,
        "pictures": pictures.reshape(count, -1).tolist(),
        "candidates": None if distractors is None else candidates.tolist(),
        "drawn": drawn.reshape(-1).tolist(),
        "messages": symbols.tolist(),
        "log_probs": log_prob.tolist(),
        "likelihoods": likelihood.tolist(),
        "listener_loss": listener_loss.item(),
        "speaker_loss": speaker_loss.item(),
        "speaker": agent(nets[0], lambda of: of_speaker(speaker, of)),
        "listener": agent(nets[1], listener.named),
    }


def case(kind, count, distractors):
    # Of some draws the one whose activations stay farthest from the kinks of ReLU, where single precision may take another branch.
    return max((step(kind, count, distractors, seed) for seed in range(40)), key=lambda made: made[0])[1]


if __name__ == "__main__":
    cases = [case("lstm", 9, None), case("gru", 8, 3)]
    print(json.dumps([rounded(value) for value in cases]))
