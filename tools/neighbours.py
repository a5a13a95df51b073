"""Accuracy of the nearest neighbour, the baseline of time series classification: Euclidean on equal lengths, else DTW.

python3 tools/neighbours.py X_TRAIN.ts X_TEST.ts    needs numpy
"""

import sys

import numpy as np


def read(path):
    """Sequences [T, D] and labels of a .ts file without missing values."""
    sequences, labels, data = [], [], False
    for line in map(str.strip, open(path)):
        if line.lower().startswith("@data"):
            data = True
        elif data and line and line[0] not in "#@":
            *channels, label = line.split(":")
            sequences.append(np.array([[float(x) for x in channel.split(",")] for channel in channels]).T)
            labels.append(label)
    return sequences, labels


def warped(a, b):
    """Dynamic time warping without a window, squared Euclidean distance of steps."""
    cost = ((a[:, None] - b[None]) ** 2).sum(-1)
    total = np.full((len(a) + 1, len(b) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return total[-1, -1]


(train, known), (test, labels) = map(read, sys.argv[1:3])
equal = len({len(x) for x in train + test}) == 1
distance = (lambda a, b: ((a - b) ** 2).sum()) if equal else warped
right = sum(known[int(np.argmin([distance(x, other) for other in train]))] == label for x, label in zip(test, labels))
print(f"{'Euclidean' if equal else 'DTW'}: {right} of {len(test)} right, {right / len(test):.4f}")
