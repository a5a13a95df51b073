"""JAX: jax.lax.scan over time under jax.jit, the input projection of all steps as one product before it; optax updates."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

import protocol

GATES = {"rnn": 1, "residual": 1, "gru": 3, "lstm": 4}
WINDOWS = 8


def uniform(draw, bound: float, *shape: int):
    return jnp.asarray(draw.uniform(-bound, bound, shape).astype(np.float32))


def weights(row: dict, draw) -> list:
    hidden, width = row["hidden"], GATES[row["cell"]] * row["hidden"]
    bound = hidden**-0.5
    layers = []
    for layer in range(row["layers"]):
        inputs = row["input"] if layer == 0 else hidden
        layers.append(
            {
                "input": uniform(draw, bound, inputs, width),
                "recurrent": uniform(draw, bound, hidden, width),
                "bias_input": uniform(draw, bound, width),
                "bias_recurrent": uniform(draw, bound, width),
            }
        )
    return layers


def rnn(w, h, projected):
    h = jnp.tanh(projected + h @ w["recurrent"])
    return h, h


def residual(w, h, projected):
    h = h + jnp.tanh(projected + h @ w["recurrent"])
    return h, h


def gru(w, h, projected):
    r_x, z_x, n_x = jnp.split(projected, 3, axis=1)
    r_h, z_h, n_h = jnp.split(h @ w["recurrent"] + w["bias_recurrent"], 3, axis=1)
    r, z = jax.nn.sigmoid(r_x + r_h), jax.nn.sigmoid(z_x + z_h)
    n = jnp.tanh(n_x + r * n_h)
    h = (1 - z) * n + z * h
    return h, h


def lstm(w, state, projected):
    h, c = state
    i, f, g, o = jnp.split(projected + h @ w["recurrent"], 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


CELLS = {"rnn": rnn, "residual": residual, "gru": gru, "lstm": lstm}


def run_stack(cell: str, layers: list, x):
    for w in layers:
        # The gru's recurrent bias stands inside the reset gate and cannot join the projection.
        bias = w["bias_input"] if cell == "gru" else w["bias_input"] + w["bias_recurrent"]
        h = jnp.zeros((x.shape[1], w["recurrent"].shape[0]), jnp.float32)
        start = (h, h) if cell == "lstm" else h
        x = jax.lax.scan(lambda state, p, w=w: CELLS[cell](w, state, p), start, x @ w["input"] + bias)[1]
    return x


def size(tree) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(tree))


def stack(row: dict):
    draw = np.random.default_rng(0)
    layers = weights(row, draw)
    shape = row["steps"], row["rows"]
    x = jnp.asarray(draw.standard_normal((*shape, row["input"]), dtype=np.float32))
    d_y = jnp.asarray(draw.standard_normal((*shape, row["hidden"]), dtype=np.float32))

    @jax.jit
    def gradients(layers, x, d_y):
        y, backward = jax.vjp(lambda layers, x: run_stack(row["cell"], layers, x), layers, x)
        return y, backward(d_y)

    return lambda: jax.block_until_ready(gradients(layers, x, d_y)), size([layers, x, d_y])


def step(row: dict):
    draw = np.random.default_rng(0)
    bound, vocabulary = row["hidden"] ** -0.5, row["vocabulary"]
    params = {
        "embedding": jnp.asarray(draw.standard_normal((vocabulary, row["input"]), dtype=np.float32)),
        "rnn": weights(row, draw),
        "head": uniform(draw, bound, row["hidden"], vocabulary),
        "bias": jnp.zeros(vocabulary),
    }
    update = {"sgd": optax.sgd, "adam": optax.adam}[row["optimizer"]](2e-3)
    update = optax.chain(optax.clip_by_global_norm(1.0), update)
    windows = [
        jnp.asarray(draw.integers(0, vocabulary, (row["steps"] + 1, row["rows"]))) for _ in range(WINDOWS)
    ]

    def mean_loss(params, window):
        h = run_stack(row["cell"], params["rnn"], params["embedding"][window[:-1]])
        logits = h @ params["head"] + params["bias"]
        return optax.softmax_cross_entropy_with_integer_labels(logits, window[1:]).mean()

    # The old weights and moments may be overwritten.
    @jax.jit(donate_argnums=(0, 1))
    def train(params, moments, window):
        loss, grads = jax.value_and_grad(mean_loss)(params, window)
        updates, moments = update.update(grads, moments, params)
        return optax.apply_updates(params, updates), moments, loss

    loaded = size([params, windows])
    moments, turn = update.init(params), 0

    def run() -> None:
        nonlocal params, moments, turn
        params, moments, loss = train(params, moments, windows[turn % WINDOWS])
        jax.block_until_ready((params, moments, loss))
        turn += 1

    return run, loaded


if __name__ == "__main__":
    protocol.serve("JAX", jax.__version__, stack, step)
