"""One step of a reconstruction game with the Gumbel-softmax in PyTorch, double precision: mixtures, the loss and all gradients for given
weights and noise.

    python gumbel.py > gumbel.json

Made with torch 2.15.0 and numpy 2.4.6. Agents are those of `step.py`; autograd goes through the mixtures.
"""
import json

import torch
import torch.nn.functional as F

from step import ENTROPY, listener_of, rounded, sizes, speaker_of

LENGTH_COST = 0.3


def speak(speaker, x, noise, temperature, straight_through):
    """What is said [N, T, V], and the entropy of each symbol [N, T]."""
    said, entropies = [], []
    told, state = speaker.begin(x)
    for step in range(noise.shape[1]):
        logits = speaker.output(told)
        log_probs = F.log_softmax(logits, 1)
        entropies.append(-(log_probs.exp() * log_probs).sum(1))
        mixture = F.softmax((logits + noise[:, step]) / temperature, 1)
        if straight_through:
            hard = F.one_hot(mixture.argmax(1), mixture.shape[1]).double()
            mixture = mixture + (hard - mixture).detach()
        said.append(mixture)
        if step + 1 < noise.shape[1]:
            told, state = speaker.go_on(mixture @ speaker.embedding.weight, state)
    return torch.stack(said, 1), torch.stack(entropies, 1)


def case(kind, normalised, temperature, straight_through, count, seed):
    torch.manual_seed(seed)
    attributes, values, vocab, length = 3, 4, 5, 4
    embedded, hidden, further = sizes(kind)
    speaker = speaker_of(kind, attributes * values, vocab, length, embedded, hidden, normalised[0])
    listener = listener_of(kind, vocab, length, embedded, hidden, attributes * values, normalised[1])
    for agent in (speaker, listener):
        for parameter in agent.parameters():
            parameter.data = (1.5 * parameter.data + 0.1 * torch.randn_like(parameter)).float().double()
    objects = torch.randint(values, (count, attributes))
    noise = -(-torch.rand(count, length, vocab).log()).log()
    noise = noise.float().double()
    x = F.one_hot(objects, values).double().view(count, -1)

    said, entropy = speak(speaker, x, noise, temperature, straight_through)
    logits = listener.output(listener.states(said @ listener.embedding.weight))
    log_probs = F.log_softmax(logits.view(count, length, attributes, values), 3)
    targets = objects[:, None, :, None].expand(-1, length, -1, -1)
    losses = -log_probs.gather(3, targets).sum((2, 3))
    left, alive, weights = torch.ones(count), [], []
    for step in range(length):
        alive.append(left)
        weights.append(left * said[:, step, 0] if step + 1 < length else left)
        left = left * (1 - said[:, step, 0])
    alive, weights = torch.stack(alive, 1).detach(), torch.stack(weights, 1)
    loss = (weights * losses).sum(1).mean()
    expected_length = (weights * torch.arange(1, length + 1)).sum(1).mean()
    mean_entropy = ((alive * entropy).sum(1) / alive.sum(1)).mean()
    (loss + LENGTH_COST * expected_length - ENTROPY * mean_entropy).backward()
    flat = lambda numbers: {name: value.detach().reshape(-1).tolist() for name, value in numbers.items()}

    def gradient(parameter):
        # The embeddings that no mixture of a single position multiplies with.
        return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad

    agent = lambda agent: {
        "values": flat(agent.named(lambda parameter: parameter)),
        "gradient": flat(agent.named(gradient)),
    }
    return {
        "cell": kind,
        **further,
        "normalised": normalised,
        "attributes": attributes,
        "values": values,
        "vocab_size": vocab,
        "max_length": length,
        "embedding": embedded,
        "hidden": hidden,
        "temperature": temperature,
        "straight_through": straight_through,
        "entropy_weight": ENTROPY,
        "length_cost": LENGTH_COST,
        "objects": objects.tolist(),
        "noise": noise.reshape(-1).tolist(),
        "said": said.reshape(-1).tolist(),
        "weights": weights.reshape(-1).tolist(),
        "losses": losses.reshape(-1).tolist(),
        "loss": loss.item(),
        "length": expected_length.item(),
        "entropy": mean_entropy.item(),
        "speaker": agent(speaker),
        "listener": agent(listener),
    }


if __name__ == "__main__":
    cases = [
        case("lstm", [True, True], 1.0, False, 60, 1),
        case("gru", [True, False], 0.7, False, 20, 2),
        case("lstm", [False, True], 1.3, True, 20, 3),
        case("transformer", [True, True], 1.0, False, 20, 4),
        case("transformer", [True, True], 0.8, True, 20, 5),
    ]
    print(json.dumps([rounded(value) for value in cases]))
