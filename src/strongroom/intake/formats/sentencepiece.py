"""Rewrites the models of SentencePiece: pieces, and how text is split into them.

Source: ``sentencepiece_model.proto`` of SentencePiece 0.2.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Sequence

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import protobuf
from strongroom.intake.formats.charsmaps import verify_charsmap
from strongroom.intake.formats.protobuf import Message, Rule, Schemas
from strongroom.intake.formats.protobuf_reader import read_document
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source

KIND = "sentencepiece"
MOST_BYTES = 64 << 20
MOST_PIECES = 1_000_000
MOST_PIECE_BYTES = 7_999
"""SentencePiece 0.2.3 loads no longer one; older ones took ever longer (issue 1263)."""

_TRAINER_NUMBERS = (
    *(3, 4, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 32, 33, 34),
    *(35, 40, 41, 42, 43, 49, 50, 55),
)
_TRAINER = {
    **{number: Rule("varint", f"trainer {number}") for number in _TRAINER_NUMBERS},
    10: Rule("fixed32", "character_coverage"),
    15: Rule("fixed32", "shrinking_factor"),
    51: Rule("fixed32", "differential_privacy_noise_level"),
    52: Rule("varint", "differential_privacy_clipping_threshold"),
    30: Rule("text", "control_symbols", many=True),
    31: Rule("text", "user_defined_symbols", many=True),
    36: Rule("text", "required_chars"),
    **{n: Rule("text", f"piece {n}") for n in (44, 45, 46, 47, 48)},
    53: Rule("text", "pretokenization_delimiter"),
    54: Rule("left-out", "seed_sentencepieces_file"),
    1: Rule("left-out", "input"),
    2: Rule("left-out", "model_prefix"),
    5: Rule("left-out", "accept_language"),
    6: Rule("left-out", "self_test_sample_size"),
    7: Rule("left-out", "input_format"),
}
_NORMALIZER = {
    1: Rule("text", "name"),
    2: Rule("bytes", "precompiled_charsmap"),
    3: Rule("varint", "add_dummy_prefix"),
    4: Rule("varint", "remove_extra_whitespaces"),
    5: Rule("varint", "escape_whitespaces"),
    6: Rule("left-out", "normalization_rule_tsv"),
}
SCHEMAS: Schemas = {
    "ModelProto": {
        1: Rule("message", "pieces", many=True, schema="SentencePiece"),
        2: Rule("message", "trainer_spec", schema="TrainerSpec"),
        3: Rule("message", "normalizer_spec", schema="NormalizerSpec"),
        4: Rule("left-out", "self_test_data"),
        5: Rule("message", "denormalizer_spec", schema="NormalizerSpec"),
    },
    "SentencePiece": {
        1: Rule("text", "piece"),
        2: Rule("fixed32", "score"),
        3: Rule("varint", "type"),
    },
    "TrainerSpec": _TRAINER,
    "NormalizerSpec": _NORMALIZER,
}
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_KINDS = range(1, 7)
_RESERVED = frozenset({_UNKNOWN, _CONTROL, _BYTE})
"""Types whose texts SentencePiece keeps apart from those that it looks for."""

_FLOAT = struct.Struct("<f")
_UNIGRAM, _PAIRS = 1, 2
_ALGORITHMS = range(1, 5)
_BYTES = frozenset(f"<0x{number:02X}>" for number in range(256))


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the same pieces to a new file.

    Args:
        source: ``tokenizer.model`` or the like.
        workplace: Where it is written, under its own name.
        options: Not used.

    Raises:
        RefusedError: It is no such model, or over a bound.
    """
    del options
    if source.length > MOST_BYTES:
        raise RefusedError("sentencepiece/size", f"model has {source.length} bytes")
    document = read_document(source, SCHEMAS, "ModelProto")
    pieces = document.root.messages("pieces")
    if not 0 < len(pieces) <= MOST_PIECES:
        raise RefusedError("sentencepiece/size", f"model has {len(pieces)} pieces")
    trainers = document.root.messages("trainer_spec")
    algorithms = [one.number("trainer 3", _UNIGRAM) for one in trainers]
    if not all(algorithm in _ALGORITHMS for algorithm in algorithms):
        raise _refused("model is for an algorithm that is not known")
    _verify_pieces(pieces, keeps_apart=_PAIRS not in algorithms)
    falls_back = any(one.number("trainer 35") for one in trainers)
    _verify_bytes(pieces, falls_back=falls_back)
    for spec in ("normalizer_spec", "denormalizer_spec"):
        for one in document.root.messages(spec):
            verify_charsmap(_table(one))
    with workplace.create(source.path) as file:
        for data in protobuf.pieces(document):
            file.append(data)
    lost = sorted(document.left_out)
    return Rewritten(
        kind=KIND,
        outputs=(source.path,),
        facts={"pieces": len(pieces)},
        changes=(f"left out: {', '.join(lost)}",) if lost else (),
    )


def _verify_pieces(pieces: Sequence[Message], *, keeps_apart: bool) -> None:
    """Check what SentencePiece checks, or nothing would load what comes out.

    Args:
        pieces: All of them.
        keeps_apart: Whether the algorithm lets a text stand once more as a piece that
            no text is split into; byte-pair encoding does not.
    """
    seen: set[tuple[bool, str]] = set()
    kinds: Counter[int] = Counter()
    for piece in pieces:
        text, kind = piece.text("piece"), piece.number("type", _NORMAL)
        if not text or "\x00" in text or kind not in _KINDS:
            raise _refused("a piece is empty, or of no type that is known")
        if len(text.encode()) > MOST_PIECE_BYTES:
            raise _refused(f"a piece has over {MOST_PIECE_BYTES} bytes")
        if not all(map(_is_finite, piece.all("score"))):
            raise _refused("a score is no finite number")
        identity = (keeps_apart and kind in _RESERVED, text)
        if identity in seen:
            raise _refused("a piece stands twice")
        seen.add(identity)
        kinds[kind] += 1
    if kinds[_UNKNOWN] != 1:
        raise _refused("model has no piece for what is unknown, or several")
    if kinds.total() == sum(kinds[kind] for kind in _RESERVED):
        raise _refused("model has no piece that text could be split into")


def _is_finite(score: object) -> bool:
    return isinstance(score, bytes) and math.isfinite(_FLOAT.unpack(score)[0])


def _verify_bytes(pieces: Sequence[Message], *, falls_back: bool) -> None:
    """Check that each byte is a piece where the model falls back to them."""
    given = {p.text("piece") for p in pieces if p.number("type", _NORMAL) == _BYTE}
    if given != (_BYTES if falls_back else set()):
        raise _refused("model has not each byte as a piece, or some without need")


def _refused(why: str) -> RefusedError:
    return RefusedError("sentencepiece/piece", why)


def _table(spec: Message) -> bytes:
    """Return the table of normalisation; the file that it lies in is bounded."""
    found = spec.all("precompiled_charsmap")
    table = found[0] if found else b""
    if isinstance(table, Source):
        return table.read_exactly(0, table.length)
    return table if isinstance(table, bytes) else b""
