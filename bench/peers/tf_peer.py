"""TensorFlow: Keras layers in a tf.function, gradients by a tape, Keras optimizers."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf

import protocol

WINDOWS = 8
LAYERS = {"rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}


def recurrent(row: dict) -> list:
    if row["cell"] not in LAYERS:
        raise protocol.Absent(f"Keras has no {row['cell']} layer")
    return [LAYERS[row["cell"]](row["hidden"], return_sequences=True) for _ in range(row["layers"])]


def apply(layers: list, x):
    for layer in layers:
        x = layer(x)
    return x


def size(tensors) -> int:
    return sum(tensor.dtype.size * tensor.shape.num_elements() for tensor in tensors)


def stack(row: dict):
    layers = recurrent(row)
    # Keras has the batch first.
    x = tf.random.normal((row["rows"], row["steps"], row["input"]))
    d_y = tf.random.normal((row["rows"], row["steps"], row["hidden"]))
    apply(layers, x)
    variables = [variable.value for layer in layers for variable in layer.trainable_variables]

    @tf.function
    def gradients(x, d_y):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = apply(layers, x)
        return tape.gradient(y, [*variables, x], output_gradients=d_y)

    return lambda: gradients(x, d_y)[-1].numpy(), size([*variables, x, d_y])


def step(row: dict):
    vocabulary = row["vocabulary"]
    layers = [keras.layers.Embedding(vocabulary, row["input"]), *recurrent(row), keras.layers.Dense(vocabulary)]
    update = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[row["optimizer"]](2e-3)
    windows = [
        tf.random.uniform((row["rows"], row["steps"] + 1), maxval=vocabulary, dtype=tf.int32)
        for _ in range(WINDOWS)
    ]
    apply(layers, windows[0][:, :-1])
    variables = [variable for layer in layers for variable in layer.trainable_variables]
    update.build(variables)

    @tf.function
    def train(window):
        with tf.GradientTape() as tape:
            logits = apply(layers, window[:, :-1])
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=window[:, 1:], logits=logits)
            loss = tf.reduce_mean(loss)
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
        update.apply_gradients(zip(gradients, variables))
        return loss

    turn = 0

    def run() -> None:
        nonlocal turn
        train(windows[turn % WINDOWS]).numpy()
        turn += 1

    return run, size([*(variable.value for variable in variables), *windows])


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(int(os.environ["OMP_NUM_THREADS"]))
    tf.config.threading.set_inter_op_parallelism_threads(1)
    protocol.serve("TensorFlow", tf.__version__, stack, step)
