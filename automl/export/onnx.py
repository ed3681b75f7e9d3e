"""From a graph to the bytes of an ONNX file: equal graphs and metadata give equal bytes.

No names of files, functions or machines enter, nor the time. Equal nodes are written once, so
members that share an encoder or a lookup cost its bytes once.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, numpy_helper

from automl import __version__
from automl.core.errors import ExportFailed
from automl.core.graph import MICROSOFT, ML, ElementType, Graph, Node, Plain, Side
from automl.export.metadata import input_names

PRODUCER = "automl"
OPSET = 18
_NEWER = frozenset({"TreeEnsemble"})
"""Operators of ``ai.onnx.ml`` 5; all others are in 3."""
_SMALL = 64
"""Elements of constants that shapes may depend on."""
_GRAPH = bytes([7 << 3 | 2])
"""What a ``ModelProto`` has before its program: field 7, of a length."""
_LARGEST = 2**31 - 2**24
"""Bytes of constants; protobuf ends at 2 GiB and the nodes need room too."""


def serialize(graph: Graph, *, metadata: Mapping[str, str]) -> bytes:
    """Return the file's bytes.

    Raises:
        ExportFailed: the program is larger than one file can be (2 GiB).
    """
    if sum(array.nbytes for array in graph.constants.values()) >= _LARGEST:
        raise ExportFailed("the model has more than 2 GiB of weights: too many for one ONNX file")
    newer = any(node.op in _NEWER for node in _every(graph.nodes))
    head = ModelProto(producer_name=PRODUCER, producer_version=__version__)
    head.ir_version = 10 if newer else 8
    tail = ModelProto()
    tail.opset_import.add(domain="", version=OPSET)
    tail.opset_import.add(domain=ML, version=5 if newer else 3)
    if any(node.domain == MICROSOFT for node in _every(graph.nodes)):
        tail.opset_import.add(domain=MICROSOFT, version=1)
    sketch = ModelProto(ir_version=head.ir_version, opset_import=tail.opset_import)
    program = _write(graph, sketch)
    length = _varint(sum(map(len, program)))
    return describe(b"".join([_bytes(head), _GRAPH, length, *program, _bytes(tail)]), metadata)


def describe(content: bytes, metadata: Mapping[str, str]) -> bytes:
    """Return a file with more metadata.

    Two protobuf messages one after the other are one message with the fields of both, so what is
    large is not written a second time.
    """
    model = ModelProto()
    for key in sorted(metadata):
        model.metadata_props.add(key=key, value=metadata[key])
    return content + _bytes(model)


def _write(graph: Graph, sketch: ModelProto) -> list[bytes]:
    """Return the program as pieces of a ``GraphProto``, in the order of its fields.

    Each node is a message only while it is written: as such a number takes eight bytes that in the
    file is one or two, and trees are numbers. ``sketch`` becomes the program without these.
    """
    program = GraphProto()
    public = input_names(tuple(graph.inputs))
    names = {f"i{index}": name for index, name in enumerate(public)}
    prefix = "/"
    while any(name.startswith(prefix) for name in public):
        prefix += "/"
    for name, (dtype, shape) in zip(public, graph.inputs.values(), strict=True):
        _declare(program.input.add(), name, _element(dtype), ("n", *shape))
    used = {name for node in _every(graph.nodes) for name in node.inputs}
    used |= set(graph.outputs.values())
    constants = {prefix + name: array for name, array in graph.constants.items() if name in used}
    names |= {name: prefix + name for name in graph.constants}
    seen: dict[bytes, Sequence[str]] = {}
    nodes: list[bytes] = []

    def end(one: GraphProto) -> None:
        for node in one.node:  # none where an equal one was written before
            _sketch(sketch.graph, node)
        nodes.append(_bytes(one))

    for node in graph.nodes:
        one = GraphProto()  # for this node alone: a message keeps the memory of what it once held
        _append(one, node, names, seen, prefix)
        program.value_info.extend(one.value_info)
        one.ClearField("value_info")
        end(one)
    for name, value in graph.outputs.items():
        one = GraphProto()
        one.node.add(op_type="Identity", input=[names[value]], output=[name])
        program.output.add(name=name)
        end(one)
    _type_outputs(program, sketch, constants)
    weights = (
        _bytes(GraphProto(initializer=[_tensor(array, name)])) for name, array in constants.items()
    )
    return [*nodes, _bytes(GraphProto(name="model")), *weights, _bytes(program)]


def _append(
    program: GraphProto,
    node: Node,
    names: dict[str, str],
    seen: dict[bytes, Sequence[str]],
    prefix: str,
) -> None:
    # Filled in its place: what is appended is copied, and trees are large.
    proto = program.node.add(op_type=node.op, domain=node.domain)
    proto.input.extend(names[name] if name else "" for name in node.inputs)
    for key in sorted(node.attributes):
        value = node.attributes[key]
        if isinstance(value, Side):
            side = proto.attribute.add(name=key, type=AttributeProto.GRAPH)
            _write_side(side.g, value, names, seen, prefix)
        else:
            _fill(proto.attribute.add(name=key), value)
    digest = _digest(proto, node)
    if digest in seen:  # all operators used are pure: the same from the same is the same
        names.update(zip(node.outputs, seen[digest], strict=True))
        del program.node[-1]
        return
    outputs = [prefix + name for name in node.outputs]
    names.update(zip(node.outputs, outputs, strict=True))
    seen[digest] = outputs
    proto.output.extend(outputs)
    if node.domain == MICROSOFT:  # ONNX does not know that these are strings, and crashes over it
        _declare(program.value_info.add(), outputs[0], ElementType.STRING, ("", "", ""))


def _write_side(
    program: GraphProto,
    side: Side,
    names: dict[str, str],
    seen: Mapping[bytes, Sequence[str]],
    prefix: str,
) -> None:
    program.name = "side"
    own, known = dict(names), dict(seen)  # what is computed here is unknown outside
    for node in side.nodes:
        _append(program, node, own, known, prefix)
    program.output.add(name=own[side.output])


def _every(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield the nodes, and those on their sides."""
    for node in nodes:
        yield node
        for value in node.attributes.values():
            if isinstance(value, Side):
                yield from _every(value.nodes)


def _digest(proto: NodeProto, node: Node) -> bytes:
    """Return what equal nodes share; trees are large and never equal, so their name will do."""
    if node.op in _NEWER or node.op == "If":
        return node.outputs[0].encode()
    content = _bytes(proto) + bytes([len(node.outputs)])
    return hashlib.sha256(content).digest()


def _fill(proto: AttributeProto, value: Plain) -> None:
    match value:
        case np.ndarray():
            proto.type = AttributeProto.TENSOR
            proto.t.CopyFrom(_tensor(value, ""))
        case str():
            proto.type, proto.s = AttributeProto.STRING, value.encode()
        case int() | np.integer():
            proto.type, proto.i = AttributeProto.INT, int(value)
        case float() | np.floating():
            proto.type, proto.f = AttributeProto.FLOAT, float(value)
        case _:
            _fill_list(proto, value)


def _fill_list(proto: AttributeProto, values: Sequence[Any]) -> None:
    if values and isinstance(values[0], str):
        proto.type = AttributeProto.STRINGS
        proto.strings.extend(value.encode() for value in values)
    elif all(issubclass(kind, int | np.integer) for kind in set(map(type, values))):
        proto.type = AttributeProto.INTS
        proto.ints.extend(values)
    else:
        proto.type = AttributeProto.FLOATS
        proto.floats.extend(values)


def _element(dtype: npt.DTypeLike) -> int:
    return int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _bytes(message: ModelProto | GraphProto | NodeProto) -> bytes:
    return bytes(message.SerializeToString(deterministic=True))


def _varint(number: int) -> bytes:
    """Return a number as protobuf writes it: seven bits a byte, the lowest first."""
    found = []
    while number >= 128:
        found.append(number % 128 + 128)
        number //= 128
    return bytes([*found, number])


def _tensor(array: np.ndarray[Any, np.dtype[Any]], name: str) -> TensorProto:
    if array.dtype.kind not in "OU":
        return numpy_helper.from_array(array, name)
    tensor = TensorProto(name=name, data_type=TensorProto.STRING, dims=array.shape)
    tensor.string_data.extend(str(value).encode() for value in array.ravel())
    return tensor


def _declare(
    info: onnx.ValueInfoProto, name: str, element: int, shape: Sequence[int | str]
) -> None:
    info.name = name
    info.type.tensor_type.elem_type = element
    for size in shape:
        dimension = info.type.tensor_type.shape.dim.add()
        if isinstance(size, str):
            dimension.dim_param = size
        else:
            dimension.dim_value = size


def _type_outputs(
    program: GraphProto, sketch: ModelProto, constants: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    """Type the outputs by inference; their first axis is the rows whatever was inferred.

    Weights and trees enter with the shape of what they give only: 70 MB would take a second.
    """
    sketch.graph.MergeFrom(program)
    for name, array in constants.items():
        if array.size <= _SMALL:
            sketch.graph.initializer.append(_tensor(array, name))
        else:
            element = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
            _declare(sketch.graph.input.add(), name, element, array.shape)
    inferred = onnx.shape_inference.infer_shapes(sketch).graph.output
    for output, known in zip(program.output, inferred, strict=True):
        output.CopyFrom(known)
        dimensions = output.type.tensor_type.shape.dim
        for dimension in dimensions:
            if not dimension.HasField("dim_value"):
                dimension.Clear()
        if len(dimensions):
            dimensions[0].Clear()
            dimensions[0].dim_param = "n"


def _sketch(program: GraphProto, node: NodeProto) -> None:
    """Append what tells the type of the node's output: of an ``If`` one side does."""
    if node.op_type in _NEWER:
        (targets,) = (item.i for item in node.attribute if item.name == "n_targets")
        _declare(program.input.add(), node.output[0], ElementType.FLOAT, ("n", targets))
    elif node.op_type == "If":
        (side,) = (item.g for item in node.attribute if item.name == "else_branch")
        for inner in side.node:
            _sketch(program, inner)
        program.node.add(op_type="Identity", input=[side.output[0].name], output=node.output)
    else:
        program.node.append(node)
