"""The messages of an ONNX model, and what becomes of each field.

What only describes (``doc_string``, ``metadata_props``, names of tools) is left out;
what this reader does not understand well enough is refused.

Source: ``onnx.proto`` of ONNX 1.23; every field is compared with the package in
``tests/intake/formats/test_onnx_files.py``.
"""

from __future__ import annotations

from strongroom.intake.formats.protobuf import Rule, Schemas


def _text(name: str) -> Rule:
    return Rule("text", name)


def _texts(name: str) -> Rule:
    return Rule("text", name, many=True)


def _number(name: str) -> Rule:
    return Rule("varint", name)


def _numbers(name: str) -> Rule:
    return Rule("varint", name, many=True)


def _one(name: str, schema: str) -> Rule:
    return Rule("message", name, schema=schema)


def _many(name: str, schema: str) -> Rule:
    return Rule("message", name, many=True, schema=schema)


def _left_out(name: str) -> Rule:
    return Rule("left-out", name)


def _refused(name: str) -> Rule:
    return Rule("refused", name)


_DOC, _PROPERTIES = _left_out("doc_string"), _left_out("metadata_props")

SCHEMAS: Schemas = {
    "ModelProto": {
        1: _number("ir_version"),
        2: _left_out("producer_name"),
        3: _left_out("producer_version"),
        4: _left_out("domain"),
        5: _number("model_version"),
        6: _DOC,
        7: _one("graph", "GraphProto"),
        8: _many("opset_import", "OperatorSetIdProto"),
        14: _PROPERTIES,
        20: _refused("training_info"),
        25: _many("functions", "FunctionProto"),
        26: _left_out("configuration"),
    },
    "OperatorSetIdProto": {1: _text("domain"), 2: _number("version")},
    "FunctionProto": {
        1: _text("name"),
        4: _texts("input"),
        5: _texts("output"),
        6: _texts("attribute"),
        7: _many("node", "NodeProto"),
        8: _DOC,
        9: _many("opset_import", "OperatorSetIdProto"),
        10: _text("domain"),
        11: _many("attribute_proto", "AttributeProto"),
        12: _many("value_info", "ValueInfoProto"),
        13: _text("overload"),
        14: _PROPERTIES,
    },
    "GraphProto": {
        1: _many("node", "NodeProto"),
        2: _text("name"),
        5: _many("initializer", "TensorProto"),
        10: _DOC,
        11: _many("input", "ValueInfoProto"),
        12: _many("output", "ValueInfoProto"),
        13: _many("value_info", "ValueInfoProto"),
        14: _many("quantization_annotation", "TensorAnnotation"),
        15: _many("sparse_initializer", "SparseTensorProto"),
        16: _PROPERTIES,
    },
    "NodeProto": {
        1: _texts("input"),
        2: _texts("output"),
        3: _text("name"),
        4: _text("op_type"),
        5: _many("attribute", "AttributeProto"),
        6: _DOC,
        7: _text("domain"),
        8: _text("overload"),
        9: _PROPERTIES,
        10: _left_out("device_configurations"),
    },
    "AttributeProto": {
        1: _text("name"),
        2: Rule("fixed32", "f"),
        3: _number("i"),
        4: Rule("bytes", "s"),
        5: _one("t", "TensorProto"),
        6: _one("g", "GraphProto"),
        7: Rule("fixed32", "floats", many=True),
        8: _numbers("ints"),
        9: Rule("bytes", "strings", many=True),
        10: _many("tensors", "TensorProto"),
        11: _many("graphs", "GraphProto"),
        13: _DOC,
        14: _one("tp", "TypeProto"),
        15: _many("type_protos", "TypeProto"),
        20: _number("type"),
        21: _text("ref_attr_name"),
        22: _one("sparse_tensor", "SparseTensorProto"),
        23: _many("sparse_tensors", "SparseTensorProto"),
    },
    "TensorProto": {
        1: _numbers("dims"),
        2: _number("data_type"),
        3: _refused("segment"),
        4: Rule("fixed32", "float_data", many=True),
        5: _numbers("int32_data"),
        6: Rule("bytes", "string_data", many=True),
        7: _numbers("int64_data"),
        8: _text("name"),
        9: Rule("bytes", "raw_data"),
        10: Rule("fixed64", "double_data", many=True),
        11: _numbers("uint64_data"),
        12: _DOC,
        13: _many("external_data", "StringStringEntryProto"),
        14: _number("data_location"),
        16: _PROPERTIES,
    },
    "SparseTensorProto": {
        1: _one("values", "TensorProto"),
        2: _one("indices", "TensorProto"),
        3: _numbers("dims"),
    },
    "StringStringEntryProto": {1: _text("key"), 2: _text("value")},
    "TensorAnnotation": {
        1: _text("tensor_name"),
        2: _many("quant_parameter_tensor_names", "StringStringEntryProto"),
    },
    "ValueInfoProto": {
        1: _text("name"),
        2: _one("type", "TypeProto"),
        3: _DOC,
        4: _PROPERTIES,
    },
    "TypeProto": {
        1: _one("tensor_type", "TypeProto.Tensor"),
        4: _one("sequence_type", "TypeProto.Sequence"),
        5: _one("map_type", "TypeProto.Map"),
        6: _text("denotation"),
        7: _refused("opaque_type"),
        8: _one("sparse_tensor_type", "TypeProto.SparseTensor"),
        9: _one("optional_type", "TypeProto.Optional"),
    },
    "TypeProto.Tensor": {
        1: _number("elem_type"),
        2: _one("shape", "TensorShapeProto"),
    },
    "TypeProto.SparseTensor": {
        1: _number("elem_type"),
        2: _one("shape", "TensorShapeProto"),
    },
    "TypeProto.Sequence": {1: _one("elem_type", "TypeProto")},
    "TypeProto.Optional": {1: _one("elem_type", "TypeProto")},
    "TypeProto.Map": {1: _number("key_type"), 2: _one("value_type", "TypeProto")},
    "TensorShapeProto": {1: _many("dim", "TensorShapeProto.Dimension")},
    "TensorShapeProto.Dimension": {
        1: _number("dim_value"),
        2: _text("dim_param"),
        3: _text("denotation"),
    },
}
