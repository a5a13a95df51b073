"""onnxruntime: embedding, one lstm layer and a head as an ONNX graph, one token a run.

Inputs and outputs are bound once, the states of one step being the inputs of the next: faster than passing arrays.
"""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import protocol

OPSET = 17


def graph(row: dict) -> bytes:
    vocabulary, inputs, hidden = row["vocabulary"], row["input"], row["hidden"]
    draw = np.random.default_rng(0)

    def uniform(name: str, *shape: int):
        values = draw.uniform(-(hidden**-0.5), hidden**-0.5, shape).astype(np.float32)
        return numpy_helper.from_array(values, name)

    weights = [
        uniform("embedding", vocabulary, inputs),
        uniform("input", 1, 4 * hidden, inputs),
        uniform("recurrent", 1, 4 * hidden, hidden),
        uniform("biases", 1, 8 * hidden),
        uniform("head", hidden, vocabulary),
        uniform("bias", vocabulary),
        numpy_helper.from_array(np.array([1], np.int64), "direction"),
    ]
    lstm = ["embedded", "input", "recurrent", "biases", "", "h0", "c0"]
    nodes = [
        helper.make_node("Gather", ["embedding", "token"], ["embedded"]),
        helper.make_node("LSTM", lstm, ["all", "h1", "c1"], hidden_size=hidden),
        helper.make_node("Squeeze", ["all", "direction"], ["h"]),
        helper.make_node("MatMul", ["h", "head"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
    ]

    def tensor(name: str, kind, *shape: int):
        return helper.make_tensor_value_info(name, kind, shape)

    state = [tensor(name, TensorProto.FLOAT, 1, 1, hidden) for name in ("h0", "c0", "h1", "c1")]
    takes = [tensor("token", TensorProto.INT64, 1, 1), *state[:2]]
    gives = [tensor("logits", TensorProto.FLOAT, 1, 1, vocabulary), *state[2:]]
    model = helper.make_model(
        helper.make_graph(nodes, "stream", takes, gives, weights),
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


def stream(row: dict):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph(row), options, providers=["CPUExecutionProvider"])
    tokens = np.random.default_rng(1).integers(0, row["vocabulary"], (1000, 1, 1))

    def zeros(width: int):
        return onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros((1, 1, width), np.float32))

    token, logits = onnxruntime.OrtValue.ortvalue_from_numpy(tokens[0]), zeros(row["vocabulary"])
    states = [[zeros(row["hidden"]) for _ in "hc"] for _ in range(2)]
    bindings = []
    for before, after in (states, states[::-1]):
        binding = session.io_binding()
        binding.bind_ortvalue_input("token", token)
        binding.bind_ortvalue_output("logits", logits)
        for part, old, new in zip("hc", before, after):
            binding.bind_ortvalue_input(f"{part}0", old)
            binding.bind_ortvalue_output(f"{part}1", new)
        bindings.append(binding)
    turn = 0

    def run() -> None:
        nonlocal turn
        token.update_inplace(tokens[turn % 1000])
        session.run_with_iobinding(bindings[turn % 2])
        turn += 1

    return run


if __name__ == "__main__":
    protocol.serve("onnxruntime", onnxruntime.__version__, stream=stream)
