"""Reference values for the evaluators, from other implementations.

    python evaluate.py > evaluate.json

Versions: Python 3.11.7, numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1, torch 2.15.0; the file records them.
"""

import json
import math
import platform

import numpy as np
import scipy
import sklearn
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

WIDTH, CLASSES = 5, 7
rng = np.random.default_rng(20)


def draw(num):
    """Overlapping clusters with columns of very different scale and offset, float32."""
    labels = np.concatenate([np.arange(CLASSES), rng.integers(0, CLASSES, num - CLASSES)])
    values = centres[labels] + rng.normal(size=(num, WIDTH))
    return (values * [1, 3, 0.1, 10, 1] + [0, 5, 0, -20, 1]).astype(np.float32), labels


centres = rng.normal(size=(CLASSES, WIDTH)) * 1.2
train, train_labels = draw(150)
test, test_labels = draw(60)


def logistic(strength, standardise):
    """J = mean cross-entropy + strength/2 |W|^2, that is C = 1/(strength n)."""
    scaler = StandardScaler(with_mean=standardise, with_std=standardise).fit(train.astype(np.float64))
    x = scaler.transform(train.astype(np.float64))
    model = LogisticRegression(C=1 / (strength * len(x)), tol=1e-10, max_iter=100_000).fit(x, train_labels)
    log_probabilities = model.predict_log_proba(x)
    loss = -log_probabilities[np.arange(len(x)), train_labels].mean() + strength / 2 * (model.coef_**2).sum()
    scale = scaler.scale_ if standardise else np.ones(WIDTH)
    mean = scaler.mean_ if standardise else np.zeros(WIDTH)
    coefficients = model.coef_ / scale
    return {
        "strength": strength,
        "standardise": standardise,
        "objective": loss,
        "coefficients": coefficients.ravel().tolist(),
        # The softmax does not see a common shift of the bias.
        "intercept": (model.intercept_ - coefficients @ mean).tolist(),
        "predictions": model.predict(scaler.transform(test.astype(np.float64))).tolist(),
    }


def sgd(base_learning_rate, epochs):
    """Full-batch Nesterov SGD with cosine decay in torch, float64, from zero."""
    x, y = torch.tensor(train, dtype=torch.float64) * 0.1, torch.tensor(train_labels)
    layer = torch.nn.Linear(WIDTH, CLASSES, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    peak = base_learning_rate * len(x) / 256
    optimizer = torch.optim.SGD(layer.parameters(), lr=peak, momentum=0.9, nesterov=True)
    losses = []
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = peak * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
        loss = torch.nn.functional.cross_entropy(layer(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {
        "base_learning_rate": base_learning_rate,
        "num_epochs": epochs,
        "feature_scale": 0.1,
        "losses": losses,
        "weights": layer.weight.detach().ravel().tolist(),
        "bias": layer.bias.detach().tolist(),
    }


def unit(x):
    return x / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)


def knn(k, temperature, leave_one_out):
    keys = unit(train)
    queries = keys if leave_one_out else unit(test)
    labels = train_labels if leave_one_out else test_labels
    similarities = queries @ keys.T
    if leave_one_out:
        np.fill_diagonal(similarities, -np.inf)
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    votes = np.zeros((len(queries), CLASSES))
    for row, nearest in enumerate(order):
        for key in nearest:
            votes[row, train_labels[key]] += np.exp(similarities[row, key] / temperature)
    top5 = np.argsort(-votes, axis=1, kind="stable")[:, :5]
    return {
        "k": k,
        "temperature": temperature,
        "leave_one_out": leave_one_out,
        "accuracy": float((votes.argmax(axis=1) == labels).mean()),
        "top5": float((top5 == labels[:, None]).any(axis=1).mean()),
        "first_query": {
            "indices": order[0].tolist(),
            "similarities": similarities[0, order[0]].tolist(),
        },
    }


def spread(name, z):
    z = z.astype(np.float32)
    z64 = z.astype(np.float64)
    singular = np.linalg.svd(z64, compute_uv=False)
    p = singular / singular.sum()
    p = p[p > 0]
    return {
        "name": name,
        "width": z.shape[1],
        "values": z.ravel().tolist(),
        "spread": float(unit(z).std(axis=0, ddof=1).mean() * np.sqrt(z.shape[1])),
        "singular_values": singular.tolist(),
        "effective_rank": float(np.exp(-(p * np.log(p)).sum())),
    }


def cosines():
    a, b = unit(train[:12]), unit(test[:12])
    similarities = a @ b.T
    return {
        "num": 12,
        "positive": float(np.diag(similarities).mean()),
        "negative": float(similarities[~np.eye(12, dtype=bool)].mean()),
    }


def wilson():
    intervals = []
    for successes, trials in [(0, 10), (9, 10), (873, 1000), (10, 10)]:
        interval = scipy.stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
        intervals.append({"successes": successes, "trials": trials, "low": interval.low, "high": interval.high})
    return intervals


print(
    json.dumps(
        {
            "versions": {
                "python": platform.python_version(),
                "numpy": np.__version__,
                "scipy": scipy.__version__,
                "scikit-learn": sklearn.__version__,
                "torch": torch.__version__,
            },
            "width": WIDTH,
            "classes": CLASSES,
            "train": train.ravel().tolist(),
            "train_labels": train_labels.tolist(),
            "test": test.ravel().tolist(),
            "test_labels": test_labels.tolist(),
            "logistic": [logistic(1.0, True), logistic(1e-2, True), logistic(1e-4, True), logistic(1e-2, False)],
            "sgd": sgd(0.4, 40),
            "knn": [knn(20, 0.07, False), knn(150, 0.1, False), knn(20, 0.07, True)],
            "spread": [
                spread("tall", rng.normal(size=(30, 6)) * [1, 2, 3, 1, 0.1, 1] + 0.3),
                spread("wide", rng.normal(size=(5, 12))),
                spread("rank two", rng.normal(size=(20, 2)) @ rng.normal(size=(2, 8))),
            ],
            "cosines": cosines(),
            "wilson": wilson(),
        }
    )
)
