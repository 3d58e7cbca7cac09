"""One step of a discrimination game in PyTorch, double precision: messages, both losses and all gradients for given weights, draws and
candidates.

    python discrimination.py > discrimination.json

Made with torch 2.15.0 and numpy 2.4.6. Speaker and cell are those of `step.py`, and so is the layout of the numbers, but that the
encoder is a linear layer as it is. Targets are told from all other objects of the batch, or from some that are given.
"""
import json

import torch
import torch.nn.functional as F
from torch import nn

from step import ENTROPY, listener_of, rounded, sizes, speak, speaker_of


class Discriminator(nn.Module):
    """The output of `step.py`'s listener is the projection of the message."""

    def __init__(self, kind, vocab, length, embedded, hidden, width, projection, normalised):
        super().__init__()
        self.reader = listener_of(kind, vocab, length, embedded, hidden, projection, normalised)
        self.object = nn.Linear(width, projection, bias=False)  # which would add the same to all scores

    def forward(self, symbols, lengths, candidates):
        """Log-probabilities [N, C] of candidates [N, C, D]."""
        heard = self.reader(symbols, lengths)
        return F.log_softmax(torch.einsum("np,ncp->nc", heard, self.object(candidates)), 1)

    def named(self, of):
        reader = self.reader.named(of)
        message = {f"message.{part}": reader.pop(f"output.{part}") for part in ("weight", "bias")}
        return {**reader, **message, "object.weight": of(self.object.weight)}


def of_speaker(speaker, of):
    numbers = speaker.named(of)
    return {"encoder.weight": numbers.pop("encoder.table").T, **numbers}


def case(kind, normalised, count, distractors, seed):
    torch.manual_seed(seed)
    width, projection, vocab, length = 7, 9, 5, 4
    embedded, hidden, further = sizes(kind)
    speaker = speaker_of(kind, width, vocab, length, embedded, hidden, normalised[0])
    listener = Discriminator(kind, vocab, length, embedded, hidden, width, projection, normalised[1])
    for agent in (speaker, listener):
        for parameter in agent.parameters():
            # As the other side reads them; larger than they begin, so that every gradient is worth comparing.
            parameter.data = (1.5 * parameter.data + 0.1 * torch.randn_like(parameter)).float().double()
    features = torch.randn(count, width).float().double()
    drawn = torch.rand(count, length).float().double()
    if distractors is None:
        candidates = torch.arange(count).expand(count, -1)
        target = torch.arange(count)
    else:
        others = [[o for o in torch.randperm(count).tolist() if o != n][:distractors] for n in range(count)]
        candidates = torch.cat([torch.arange(count)[:, None], torch.tensor(others)], 1)
        target = torch.zeros(count, dtype=torch.long)

    symbols, lengths, log_prob, entropy = speak(speaker, features, drawn)
    log_probs = listener(symbols, lengths, features[candidates])
    likelihood = log_probs.gather(1, target[:, None]).squeeze(1)
    listener_loss = -likelihood.mean()
    reward = likelihood.detach()
    speaker_loss = -((reward - reward.mean()) * log_prob).mean() - ENTROPY * (entropy / lengths).mean()
    listener_loss.backward()
    speaker_loss.backward()
    flat = lambda numbers: {name: value.detach().reshape(-1).tolist() for name, value in numbers.items()}
    others = log_probs.detach().clone()
    others.scatter_(1, target[:, None], -torch.inf)
    return {
        "cell": kind,
        **further,
        "normalised": normalised,
        "vocab_size": vocab,
        "max_length": length,
        "embedding": embedded,
        "hidden": hidden,
        "projection": projection,
        "entropy_weight": ENTROPY,
        "features": features.tolist(),
        "candidates": None if distractors is None else candidates.tolist(),
        "drawn": drawn.reshape(-1).tolist(),
        "messages": symbols.tolist(),
        "log_probs": log_prob.tolist(),
        "likelihoods": likelihood.tolist(),
        "found": (likelihood > others.max(1).values).long().tolist(),
        "listener_loss": listener_loss.item(),
        "reward": reward.mean().item(),
        "speaker_loss": speaker_loss.item(),
        "speaker": {
            "values": flat(of_speaker(speaker, lambda parameter: parameter)),
            "gradient": flat(of_speaker(speaker, lambda parameter: parameter.grad)),
        },
        "listener": {
            "values": flat(listener.named(lambda parameter: parameter)),
            "gradient": flat(listener.named(lambda parameter: parameter.grad)),
        },
    }


if __name__ == "__main__":
    cases = [
        case("lstm", [True, True], 70, None, 1),
        case("gru", [True, False], 20, None, 2),
        case("lstm", [True, False], 60, 5, 3),
        case("gru", [False, False], 20, 19, 4),
        case("transformer", [True, True], 60, None, 5),
        case("transformer", [True, True], 50, 5, 6),
    ]
    print(json.dumps([rounded(value) for value in cases]))
