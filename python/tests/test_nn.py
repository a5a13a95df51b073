"""The layers of longspan.nn against those of PyTorch: outputs, states and all gradients."""

import copy
import itertools
import pickle
import re

import pytest
import torch
from torch.autograd import forward_ad
from torch.nn.utils.rnn import pack_padded_sequence

import longspan.nn

INPUT, HIDDEN, ROWS, STEPS = 5, 7, 4, 6
LENGTHS = {"packed": [6, 4, 4, 1], "unsorted": [4, 1, 6, 4]}


def results(module, form, given, dtype):
    """Run a module forwards and backwards, and return everything that it computes."""
    draw = torch.Generator().manual_seed(1)

    def tensor(*shape):
        return torch.randn(*shape, dtype=dtype, generator=draw, requires_grad=True)

    directions = 2 if module.bidirectional else 1
    count = module.num_layers * directions
    if form == "unbatched":
        x = tensor(STEPS, INPUT)
    elif form == "seq":
        x = tensor(STEPS, ROWS, INPUT)
    else:
        x = tensor(ROWS, STEPS, INPUT)
    inputs = x
    if form in LENGTHS:
        inputs = pack_padded_sequence(x, LENGTHS[form], batch_first=True, enforce_sorted=form == "packed")
    states = []
    if given:
        shape = (count, HIDDEN) if form == "unbatched" else (count, ROWS, HIDDEN)
        states = [tensor(*shape) for _ in range(2 if isinstance(module, torch.nn.LSTM) else 1)]
    hx = None
    if given:
        hx = tuple(states) if len(states) > 1 else states[0]
    if isinstance(module, longspan.nn._Recurrent):
        # Otherwise PyTorch would be compared with itself.
        assert module._is_ours(inputs, states or None, 2 if isinstance(module, torch.nn.LSTM) else 1)
    y, last = module(inputs, hx)
    y = y.data if form in LENGTHS else y
    last = list(last) if isinstance(last, tuple) else [last]
    weights = torch.linspace(-1, 1, y.numel(), dtype=dtype).view_as(y)
    loss = (y * weights).sum() + sum(state.square().sum() for state in last)
    module.zero_grad()
    loss.backward()
    grads = [x.grad, *(state.grad for state in states), *(p.grad for p in module.parameters())]
    return [y.detach(), *(state.detach() for state in last), *grads]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_layers_equal_those_of_pytorch(name, dtype):
    tolerance = 1e-10 if dtype == torch.float64 else 1e-4
    forms = ["seq", "first", "unbatched", *LENGTHS]
    for layers, both, bias, form, given in itertools.product((1, 2), (False, True), (True, False), forms, (False, True)):
        options = dict(num_layers=layers, bidirectional=both, bias=bias, dtype=dtype)
        options["batch_first"] = form == "first"
        if name == "RNN" and bias:
            options["nonlinearity"] = "relu"
        theirs = getattr(torch.nn, name)(INPUT, HIDDEN, **options)
        ours = getattr(longspan.nn, name)(INPUT, HIDDEN, **options)
        ours.load_state_dict(theirs.state_dict())
        pairs = zip(results(theirs, form, given, dtype), results(ours, form, given, dtype), strict=True)
        for expected, found in pairs:
            assert expected.shape == found.shape
            assert torch.allclose(found, expected, rtol=tolerance, atol=tolerance), (options, form, given)


def test_a_replaced_module_keeps_its_parameters_and_can_be_copied():
    model = torch.nn.Sequential(torch.nn.LSTM(INPUT, HIDDEN))
    before = list(model.parameters())
    assert longspan.nn.replace(model) is model
    assert isinstance(model[0], longspan.nn.LSTM)
    assert all(a is b for a, b in zip(before, model.parameters(), strict=True))
    x = torch.randn(STEPS, ROWS, INPUT)
    y = model(x)[0]
    assert torch.equal(copy.deepcopy(model)(x)[0], y)


def test_a_second_backward_pass_says_what_to_do():
    layer = longspan.nn.GRU(INPUT, HIDDEN)
    y, _ = layer(torch.randn(STEPS, ROWS, INPUT))
    y.sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match=r"longspan.nn.GRU .* run the forward pass again, or use .* torch.nn.GRU"):
        y.sum().backward()


def test_a_second_derivative_says_what_to_do():
    layer, x = longspan.nn.GRU(INPUT, HIDDEN), torch.randn(STEPS, ROWS, INPUT, requires_grad=True)
    (grad,) = torch.autograd.grad(layer(x)[0].sum(), x, create_graph=True)
    (expected,) = torch.autograd.grad(layer(x)[0].sum(), x)
    assert torch.equal(grad, expected)
    with pytest.raises(RuntimeError, match=r"longspan.nn.GRU has no second derivative.*use the layer of PyTorch"):
        grad.square().sum().backward()


def test_weights_that_were_changed_before_the_backward_pass_are_an_error():
    layer = longspan.nn.GRU(INPUT, HIDDEN)
    y, _ = layer(torch.randn(STEPS, ROWS, INPUT))
    with torch.no_grad():
        layer.weight_hh_l0.add_(1.0)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()


def test_other_types_run_the_layer_of_pytorch():
    layer = longspan.nn.LSTM(INPUT, HIDDEN, dtype=torch.bfloat16)
    y, _ = layer(torch.randn(STEPS, ROWS, INPUT, dtype=torch.bfloat16))
    assert y.dtype == torch.bfloat16


def both(name, **options):
    """A layer of PyTorch and ours, with equal weights."""
    theirs = getattr(torch.nn, name)(INPUT, HIDDEN, **options)
    ours = getattr(longspan.nn, name)(INPUT, HIDDEN, **options)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def test_a_module_that_has_run_can_be_pickled_and_saved(tmp_path):
    model, x = longspan.nn.replace(torch.nn.Sequential(torch.nn.GRU(INPUT, HIDDEN))), torch.randn(STEPS, ROWS, INPUT)
    y = model(x)[0]
    assert torch.equal(pickle.loads(pickle.dumps(model))(x)[0], y)
    torch.save(model, tmp_path / "model.pt")
    assert torch.equal(torch.load(tmp_path / "model.pt", weights_only=False)(x)[0], y)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_outputs_can_be_changed_in_place(name, batch_first):
    changes = (torch.relu_, torch.nn.Dropout(1.0, inplace=True), lambda y: y[0].fill_(0), lambda y: y[:, 1:].mul_(2))
    for change in changes:
        found = []
        for module in both(name, batch_first=batch_first, dtype=torch.float64):
            x = torch.ones(STEPS, ROWS, INPUT, dtype=torch.float64, requires_grad=True)
            y, last = module(x)
            state = last[0] if name == "LSTM" else last
            state.mul_(3)
            change(y)
            (y.square().sum() + state.sum()).backward()
            found.append([y, x.grad, *(p.grad for p in module.parameters())])
        for expected, ours in zip(*found, strict=True):
            torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("shape", [(3, 0, INPUT), (0, 3, INPUT)])
def test_empty_input_is_treated_as_by_pytorch(shape):
    for theirs, ours in (both("RNN"), both("LSTM", batch_first=True)):
        try:
            expected = theirs(torch.zeros(shape))[0].shape
        except RuntimeError as error:
            with pytest.raises(RuntimeError, match=re.escape(str(error))):
                ours(torch.zeros(shape))
        else:
            assert ours(torch.zeros(shape))[0].shape == expected


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_wrong_shapes_have_the_errors_of_pytorch(name):
    theirs, ours = both(name)
    x = torch.zeros(STEPS, ROWS, INPUT)
    state = torch.zeros(1, ROWS + 1, HIDDEN)
    for arguments in (
        (torch.zeros(STEPS, ROWS, INPUT + 1),),
        (torch.zeros(INPUT),),
        (torch.zeros(1, STEPS, ROWS, INPUT),),
        (x, (state, state) if name == "LSTM" else state),
        (x.double(),),
    ):
        with pytest.raises((RuntimeError, ValueError)) as expected:
            theirs(*arguments)
        with pytest.raises(expected.type, match=re.escape(str(expected.value))):
            ours(*arguments)


def test_transforms_and_exports_run_the_layer_of_pytorch():
    theirs, ours = both("GRU")
    x = torch.randn(STEPS, ROWS, INPUT)
    for transform in (torch.func.grad, torch.func.jacrev):
        expected, found = (transform(lambda x, m=m: m(x)[0].square().sum())(x) for m in (theirs, ours))
        torch.testing.assert_close(found, expected)
    assert torch.equal(torch.jit.trace(ours, (x,))(x)[0], theirs(x)[0])
    exported = torch.export.export(ours, (x,))
    assert torch.equal(exported.module()(x)[0], theirs(x)[0])
    with forward_ad.dual_level():
        forward_ad.unpack_dual(ours(forward_ad.make_dual(x, x))[0])
    compiled = torch.compile(ours, backend="eager")
    torch.testing.assert_close(compiled(x)[0], theirs(x)[0])


def gradients(module, x):
    """The output of a module, and the gradients of the sum of its squares."""
    module.zero_grad()
    x = x.clone().requires_grad_()
    y, _ = module(x)
    y.square().sum().backward()
    return [y.detach(), x.grad, *(p.grad.clone() for p in module.parameters())]


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_memory_that_is_used_again_changes_no_bit(name):
    """Batches of other sizes, other modules, passes without a gradient and other numbers of threads come in between."""
    draw = torch.Generator().manual_seed(3)
    batches = [torch.randn(steps, rows, INPUT, generator=draw) for steps, rows in ((90, 1), (40, 64), (90, 3), (2, 700))]
    modules = [getattr(longspan.nn, name)(INPUT, hidden, num_layers=2) for hidden in (HIDDEN, 33)]
    fresh = {(m, b): gradients(copy.deepcopy(modules[m]), x) for m in range(2) for b, x in enumerate(batches)}
    threads = torch.get_num_threads()
    try:
        for count, (m, b) in enumerate([*fresh, *reversed(fresh)]):
            torch.set_num_threads(1 + count % 3)
            with torch.no_grad():
                modules[m](batches[b - 1])
            found = gradients(modules[m], batches[b])
            assert all(torch.equal(a, b) for a, b in zip(fresh[m, b], found, strict=True)), (m, b)
    finally:
        torch.set_num_threads(threads)


def test_passes_that_wait_for_each_other_keep_their_own_memory():
    module = longspan.nn.GRU(INPUT, HIDDEN)
    batches = [torch.randn(20, rows, INPUT) for rows in (4, 70, 4)]
    own = [gradients(copy.deepcopy(module), x) for x in batches]
    for order in ([0, 1, 2], [2, 0, 1]):
        inputs = [x.clone().requires_grad_() for x in batches]
        outputs = [module(x)[0] for x in inputs]
        for k in order:
            module.zero_grad()
            outputs[k].square().sum().backward()
            found = [outputs[k], inputs[k].grad, *(p.grad for p in module.parameters())]
            assert all(torch.equal(a, b) for a, b in zip(own[k], found, strict=True)), k
