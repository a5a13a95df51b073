"""The compiled part that recomputes the layers of a module."""

import math

import pytest
import torch

from longspan import _core

STEPS, ROWS, INPUT, HIDDEN = 9, 2, 3, 5


@pytest.fixture(params=[True, False], ids=["biases", "without biases"])
def recomputed(request):
    """A replay that has run, and what PyTorch has computed."""
    torch.manual_seed(2)
    module = torch.nn.GRU(INPUT, HIDDEN, num_layers=2, bias=request.param, dtype=torch.float64)
    x = torch.randn(STEPS, ROWS, INPUT, dtype=torch.float64)
    y, _ = module(x)
    y.square().sum().backward()
    weights = [[p for name, p in module.named_parameters() if name.endswith(f"_l{layer}")] for layer in (0, 1)]
    replay = _core.Replay("gru", INPUT, HIDDEN, 2, False, True, ROWS, 0, 1)
    d_y = (2 * y).detach().numpy()
    arrays = [[p.detach().numpy() for p in own] for own in weights]
    zeros = [torch.zeros(1, ROWS, HIDDEN, dtype=torch.float64).numpy()] * 2
    replay.run(1, x.numpy(), [ROWS] * STEPS, arrays, [], [], d_y, zeros)
    return replay, y.detach().numpy(), [[p.grad.numpy() for p in own] for own in weights]


def test_the_deviation_is_the_largest_of_all_tensors(recomputed):
    replay, y, grads = recomputed
    assert replay.deviation(y, []) < 1e-12
    assert replay.deviation(y, grads) < 1e-10
    for k, tensor in enumerate([y, *grads[0], *grads[1]]):
        right = tensor.copy()
        largest = abs(right).max()
        # One element, which stays below the largest one.
        at = abs(right).argmin()
        tensor.flat[at] += 0.25 * largest
        assert replay.deviation(y, grads) == pytest.approx(0.25, rel=1e-6), k
        tensor.flat[at] = math.inf
        assert replay.deviation(y, grads) == math.inf, k
        tensor[:] = right
    assert replay.deviation(y, grads) < 1e-10


def test_arrays_that_do_not_fit_are_errors(recomputed):
    replay, y, grads = recomputed
    with pytest.raises(ValueError, match="the output has the shape"):
        replay.deviation(y[1:], grads)
    with pytest.raises(ValueError, match="weights of a layer"):
        replay.deviation(y, [grads[0][:-1]])
    with pytest.raises(ValueError, match="layer 2 of 2"):
        replay.deviation(y, [*grads, grads[1]])
    with pytest.raises(TypeError, match="has to be an array of f64"):
        replay.deviation(y.astype("float32"), grads)
