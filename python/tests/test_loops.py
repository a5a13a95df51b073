"""Watching other training loops than one backward pass and one step: scalers, several optimizers, accumulation, wrappers."""

import json
import math
import os
import warnings

import pytest
import torch
from torch import nn

import longspan


def steps_of(run):
    """The records of the steps of a run."""
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [line for line in lines if line["type"] == "step"]


class Two(nn.Module):
    """An encoder and a decoder."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.LSTM(3, 5), nn.GRU(5, 4)

    def forward(self, x):
        return self.decoder(self.encoder(x)[0])[0]


def norm_of(parameters):
    return math.sqrt(sum(float(p.grad.double().square().sum()) for p in parameters if p.grad is not None))


@pytest.mark.parametrize("unscale", [False, True])
def test_norms_are_without_the_scale_of_a_scaler_and_skipped_steps_are_not_counted(tmp_path, unscale):
    def train(run, scaled):
        torch.manual_seed(1)
        rnn = nn.LSTM(3, 5)
        optimizer = torch.optim.SGD(rnn.parameters(), lr=0.1)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16, enabled=scaled)
        with longspan.watch(rnn, optimizer, run=run, every=1, scaler=scaler) as watch:
            for batch in range(7):
                bad = batch in (2, 3)
                if bad and not scaled:
                    continue
                torch.manual_seed(batch)
                loss = rnn(torch.randn(6, 2, 3))[0].square().sum() * (math.inf if bad else 1.0)
                optimizer.zero_grad()
                scaler.scale(loss).backward()
                if unscale:
                    scaler.unscale_(optimizer)
                    nn.utils.clip_grad_norm_(rnn.parameters(), 0.5)
                scaler.step(optimizer)
                scaler.update()
                if not bad:
                    watch.loss(loss)
        return watch

    watch = train(tmp_path / "scaled", True)
    assert "non-finite" not in [finding.code for finding in watch.findings()]
    assert "2 steps were skipped by the AMP scaler" in watch.verdict()
    assert watch._modules[0].deviation < 1e-5
    found = steps_of(tmp_path / "scaled")
    assert [record["step"] for record in found] == [1, 2, 3, 4, 5]
    train(tmp_path / "plain", False)
    for ours, theirs in zip(found, steps_of(tmp_path / "plain"), strict=True):
        assert ours["clipped"] is theirs["clipped"] is unscale
        for name in ("loss", "log10_global_norm", "log10_global_norm_after", "log10_survival"):
            assert ours[name] == pytest.approx(theirs[name], rel=1e-4, abs=1e-5)


def test_a_scaler_that_was_not_passed_on_is_mentioned(tmp_path):
    rnn = nn.LSTM(3, 5)
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu")
    with longspan.watch(rnn, optimizer, run=tmp_path / "run"):
        scaler.scale(rnn(torch.randn(6, 2, 3))[0].sum()).backward()
        with pytest.warns(RuntimeWarning, match="scaler=scaler"):
            scaler.step(optimizer)


def test_a_layer_under_autocast_is_not_observed(tmp_path):
    cell = nn.GRUCell(3, 5)
    optimizer = torch.optim.SGD(cell.parameters(), lr=0.1)
    with longspan.watch(cell, optimizer, run=tmp_path / "run", every=1) as watch:
        for _ in range(2):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                h = cell(torch.randn(2, 3), torch.zeros(2, 5, dtype=torch.bfloat16))
            h.float().sum().backward()
            optimizer.step()
    assert "not observed, because it computes in torch.bfloat16" in watch.verdict()


def test_an_encoder_and_a_decoder_with_optimizers_of_their_own(tmp_path):
    model = Two()
    optimizers = [torch.optim.Adam(part.parameters()) for part in (model.encoder, model.decoder)]
    norms = []
    with longspan.watch(model, optimizers, run=tmp_path / "run", every=1) as watch:
        for _ in range(3):
            loss = model(torch.randn(6, 2, 3)).square().mean()
            for one in optimizers:
                one.zero_grad()
            loss.backward()
            norms.append([norm_of(part.parameters()) for part in (model.encoder, model.decoder)])
            for one in optimizers:
                one.step()
            watch.loss(loss)
    for k, name in enumerate(("encoder", "decoder")):
        records = steps_of(tmp_path / "run" / name)
        assert [record["step"] for record in records] == [1, 2, 3]
        assert [10 ** record["log10_global_norm"] for record in records] == pytest.approx([n[k] for n in norms], rel=1e-5)
        assert all(math.isfinite(record["loss"]) for record in records)
    assert max(watched.deviation for watched in watch._modules) < 1e-5


def test_a_generator_and_a_discriminator_that_alternate(tmp_path):
    """The discriminator steps twice as often; its gradient in the steps of the generator is not its own."""
    torch.manual_seed(1)
    model = nn.ModuleDict({"g": nn.GRU(2, 3), "d": nn.LSTM(3, 1)})
    optimizers = [torch.optim.SGD(model[name].parameters(), lr=0.01) for name in ("g", "d")]
    with longspan.watch(model, optimizers, run=tmp_path / "run", every=1) as watch:
        for step in range(6):
            fake = model["g"](torch.randn(5, 4, 2))[0]
            optimizers[1].zero_grad()
            model["d"](torch.randn(5, 4, 3))[0].mean().backward()
            loss = -model["d"](fake.detach())[0].mean()
            loss.backward()
            optimizers[1].step()
            watch.loss(loss)
            if step % 2:
                optimizers[0].zero_grad()
                loss = model["d"](fake)[0].mean()
                loss.backward()
                optimizers[0].step()
                watch.loss(loss)
    assert [len(steps_of(tmp_path / "run" / name)) for name in ("g", "d")] == [3, 6]
    for name in ("g", "d"):
        records = steps_of(tmp_path / "run" / name)
        assert not any(record["clipped"] for record in records)
        assert all(math.isfinite(record["loss"]) for record in records)
    assert max(watched.deviation for watched in watch._modules) < 1e-5


def test_an_accumulated_gradient_and_evaluation_between(tmp_path):
    torch.manual_seed(1)
    rnn = nn.LSTM(3, 5, num_layers=2)
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.1)
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1) as watch:
        for step in range(2):
            optimizer.zero_grad()
            for part in range(3):
                x = torch.randn(4 + part, 2, 3)
                loss = rnn(x)[0].square().mean() / 3
                loss.backward()
                with torch.no_grad():
                    rnn(torch.randn(9, 2, 3))
                rnn(torch.randn(11, 2, 3))  # Its gradient is never wanted.
            norm = norm_of(rnn.parameters())
            optimizer.step()
            watch.loss(loss)
            record = watch._steps[0]
            assert record.taken == step + 1
    records = steps_of(tmp_path / "run")
    # The last pass of the three, whose part of the gradient is that of its backward pass.
    assert [record["snapshot"]["batch"]["positions"] for record in records] == [12, 12]
    assert 10 ** records[-1]["log10_global_norm"] == pytest.approx(norm, rel=1e-5)
    assert watch._modules[0].deviation < 1e-5


def test_weights_are_compared_in_accumulated_passes(tmp_path, monkeypatch):
    """A wrong gradient of one backward pass is noticed although others are added to it."""
    rnn = nn.GRU(3, 5)
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.1)
    keep = longspan._module.WatchedModule.after_weight_grad
    monkeypatch.setattr(longspan._module.WatchedModule, "after_weight_grad", lambda own, p, grad: keep(own, p, 1.5 * grad))
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1) as watch:
        for _ in range(2):
            rnn(torch.randn(4, 2, 3))[0].square().mean().backward()
        optimizer.step()
    assert watch._modules[0].deviation == pytest.approx(1 / 3, rel=1e-3)


def test_two_backward_passes_through_one_pass_add_up(tmp_path):
    torch.manual_seed(1)
    profiles = []
    rnn = nn.GRU(3, 5).double()
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    for parts in (1, 2):
        optimizer = torch.optim.SGD(rnn.parameters(), lr=0.0)
        run = tmp_path / str(parts)
        with longspan.watch(rnn, optimizer, run=run, every=1):
            y = rnn(x)[0]
            losses = [y[-1].sum(), y[2].square().sum()]
            if parts == 1:
                sum(losses).backward()
            else:
                losses[0].backward(retain_graph=True)
                losses[1].backward()
            optimizer.step()
            optimizer.zero_grad()
        profiles.append(steps_of(run)[0])
    assert profiles[1]["log10_survival"] == pytest.approx(profiles[0]["log10_survival"], rel=1e-12)
    assert profiles[1]["log10_global_norm"] == pytest.approx(profiles[0]["log10_global_norm"], rel=1e-12)


def test_a_loss_that_is_given_before_its_step(tmp_path):
    rnn = nn.GRU(3, 5)
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.1)
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1) as watch:
        for step in range(3):
            optimizer.zero_grad()
            rnn(torch.randn(4, 2, 3))[0].square().mean().backward()
            watch.loss(float(step))
            optimizer.step()
    assert [record["loss"] for record in steps_of(tmp_path / "run")] == [0.0, 1.0, 2.0]


def test_a_compiled_model_trains_as_without_a_watch(tmp_path):
    weights = []
    for watched in (False, True):
        torch.manual_seed(1)
        torch._dynamo.reset()
        model = nn.Sequential(nn.Linear(3, 3), nn.LSTM(3, 5))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        compiled = torch.compile(model, backend="eager")
        watch = longspan.watch(compiled, optimizer, run=tmp_path / "run", every=1) if watched else None
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            for _ in range(3):
                optimizer.zero_grad()
                compiled(torch.randn(4, 2, 3))[0].square().mean().backward()
                optimizer.step()
        weights.append([p.detach().clone() for p in model.parameters()])
    for a, b in zip(*weights, strict=True):
        assert torch.equal(a, b)
    assert len([one for one in warned if "Compiled code has no hooks" in str(one.message)]) == 1
    watch.close()
    assert "not observed, because no call of it was seen" in watch.verdict()


def distributed(rank, world, home, port):
    """One process of a distributed training of a watched model."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=world)
    torch.manual_seed(1)
    rnn = nn.LSTM(3, 5)
    model = nn.parallel.DistributedDataParallel(rnn)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    torch.manual_seed(rank)
    norms = []
    with longspan.watch(model, optimizer, run=f"{home}/run", every=1) as watch:
        for _ in range(3):
            optimizer.zero_grad()
            loss = model(torch.randn(4, 2, 3))[0].square().mean()
            loss.backward()
            norms.append(norm_of(rnn.parameters()))
            nn.utils.clip_grad_norm_(model.parameters(), norms[0] / 2)
            optimizer.step()
            watch.loss(loss)
    with open(f"{home}/{rank}.json", "w") as file:
        json.dump({"norms": norms, "verdict": watch.verdict(), "deviations": [m.deviation for m in watch._modules]}, file)
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_available(), reason="PyTorch without torch.distributed")
@pytest.mark.parametrize("world", [1, 2])
def test_rank_0_of_a_distributed_training_is_watched(tmp_path, world):
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(distributed, (world, str(tmp_path), port), nprocs=world)
    ranks = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(world)]
    assert "observed your own computation" in ranks[0]["verdict"]
    # Compared with the gradient of rank 0, before it is averaged.
    assert ranks[0]["deviations"][0] < 1e-5
    records = steps_of(tmp_path / "run")
    # The recorded norm is that of the average.
    assert [10 ** record["log10_global_norm"] for record in records] == pytest.approx(ranks[0]["norms"], rel=1e-5)
    assert records[0]["clipped"]
    if world == 2:
        assert "not rank 0" in ranks[1]["verdict"]
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["run"]


def test_steps_that_are_not_observed_have_both_norms_and_their_faults(tmp_path):
    torch.manual_seed(1)
    rnn = nn.GRU(3, 5)
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.0)
    norms = []
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=100) as watch:
        for step in range(1, 9):
            optimizer.zero_grad()
            (step * rnn(torch.randn(4, 2, 3))[0].square().sum()).backward()
            if step == 7:
                rnn.weight_hh_l0.grad[0, 0] = math.nan
            norms.append(norm_of(rnn.parameters()))
            nn.utils.clip_grad_norm_(rnn.parameters(), 1.5)
            optimizer.step()
            watch.loss(1.0)
    records = steps_of(tmp_path / "run")
    assert [record["step"] for record in records] == list(range(1, 9))
    assert [10 ** float(record["log10_global_norm"]) for record in records[:6]] == pytest.approx(norms[:6], rel=1e-5)
    assert [record["clipped"] for record in records[:6]] == [norm > 1.5 for norm in norms[:6]]
    fault = watch.findings()[0]
    assert (fault.code, fault.numbers["step"]) == ("non-finite", 7.0)
    assert "weight_hh_l0" in fault.sentence


def test_a_fused_optimizer_that_divides_the_gradient_itself(tmp_path):
    rnn = nn.LSTM(3, 5)
    optimizer = torch.optim.Adam(rnn.parameters(), fused=True)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    norms = []
    with longspan.watch(rnn, optimizer, run=tmp_path / "run", every=1, scaler=scaler) as watch:
        for batch in range(4):
            loss = rnn(torch.randn(6, 2, 3))[0].square().sum()
            optimizer.zero_grad()
            scaler.scale(loss * (math.inf if batch == 2 else 1.0)).backward()
            norms.append(norm_of(rnn.parameters()) / scaler.get_scale())
            scaler.step(optimizer)
            scaler.update()
    records = steps_of(tmp_path / "run")
    assert [record["step"] for record in records] == [1, 2, 3]
    assert not any(record["clipped"] for record in records)
    found = [10 ** record["log10_global_norm"] for record in records]
    assert found == pytest.approx([norms[0], norms[1], norms[3]], rel=1e-5)
    assert "1 step was skipped by the AMP scaler" in watch.verdict()
    assert watch._modules[0].deviation < 1e-5


def test_sparse_gradients_have_norms(tmp_path):
    model = nn.Sequential(nn.Embedding(10, 3, sparse=True), nn.GRU(3, 5))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with longspan.watch(model, optimizer, run=tmp_path / "run", every=1) as watch:
        model(torch.tensor([[1, 2], [1, 3]]))[0].square().sum().backward()
        norm = math.sqrt(sum(float(p.grad.to_dense().square().sum()) for p in model.parameters()))
        optimizer.step()
        watch.loss(1.0)
    assert 10 ** steps_of(tmp_path / "run")[0]["log10_global_norm"] == pytest.approx(norm, rel=1e-5)
