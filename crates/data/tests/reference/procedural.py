#!/usr/bin/env python3
"""How much of the procedural classes is there to see for a linear map of pixels, of colours, of random features, and
for a small trained network.

    pip install numpy==2.4.6 scikit-learn torch
    cargo run --example procedural_records -- records.bin 5000 24
    python procedural.py records.bin 24 [EPOCHS]
"""
import sys, time
import numpy as np
import torch
import torch.nn as nn
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

path, side = sys.argv[1], int(sys.argv[2])
records = np.fromfile(path, np.uint8).reshape(-1, 1 + side * side * 3)
y = records[:, 0].astype(np.int64)
x = records[:, 1:].reshape(-1, side, side, 3).astype(np.float32) / 255
train, test = slice(0, 4000), slice(4000, 5000)


def linear(name, features):
    # The best of four penalties on the test pictures themselves, which favours the linear maps.
    scale = StandardScaler().fit(features[train])
    best = 0.0
    for c in (1e-4, 1e-3, 1e-2, 1e-1):
        model = LogisticRegression(C=c, max_iter=300).fit(scale.transform(features[train]), y[train])
        best = max(best, model.score(scale.transform(features[test]), y[test]))
    print(f"{name:38s} {100 * best:5.1f} %", flush=True)


colors = [np.histogram(x[i, :, :, c], 8, (0, 1))[0] for i in range(len(x)) for c in range(3)]
colors = np.array(colors, np.float32).reshape(len(x), -1)
moments = np.concatenate([x.mean((1, 2)), x.std((1, 2))], 1)
linear("logistic regression, pixels", x.reshape(len(x), -1))
linear("logistic regression, colour histogram", colors)
linear("logistic regression, colour moments", moments)

torch.manual_seed(0)
torch.set_num_threads(2)


def block(i, o, stride):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())


def network():
    body = nn.Sequential(block(3, 32, 1), block(32, 64, 2), block(64, 64, 1), block(64, 128, 2), block(128, 128, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return body, nn.Linear(128, 10)


images = torch.from_numpy((x - x.mean((0, 1, 2))) / x.std((0, 1, 2))).permute(0, 3, 1, 2).contiguous()
labels = torch.from_numpy(y)
body, head = network()
body.train()
with torch.no_grad():  # batch statistics only, weights as drawn
    random_features = torch.cat([body(b) for b in images.split(500)]).numpy()
linear("logistic regression, random network", random_features)

model = nn.Sequential(body, head)
epochs, batch = int(sys.argv[3]) if len(sys.argv) > 3 else 20, 64
optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.05)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=epochs * (4000 // batch))
start = time.time()
for epoch in range(epochs):
    model.train()
    order = torch.randperm(4000)
    for k in range(4000 // batch):
        pick = order[k * batch:(k + 1) * batch]
        b = images[pick]
        if torch.rand(()) < 0.5:
            b = b.flip(3)
        if torch.rand(()) < 0.5:
            b = b.flip(2)
        loss = nn.functional.cross_entropy(model(b), labels[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
model.eval()
with torch.no_grad():
    score = (model(images[test]).argmax(1) == labels[test]).float().mean().item()
    fit = (model(images[train]).argmax(1) == labels[train]).float().mean().item()
print(f"{'trained network':38s} {100 * score:5.1f} %  (train {100 * fit:.1f} %, {time.time() - start:.0f} s)")
