"""A second reader of manifests and maps, from their pages alone."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from tests.specification.pages import (
    ED25519,
    ML_DSA,
    TIME,
    Document,
    digest,
    envelope,
    exactly,
    hexadecimal,
    identifier,
    must,
    read,
)
from tests.specification.sealer import FIRST, STRIDE, TAG

MOST_MANIFEST, MOST_MAP = 16 << 20, 256 << 20
HEADER = 256
BOTH = [ED25519, ML_DSA]
MOST_FILES, MOST_PIECES, MOST_PATH, MOST_PART = 100_000, 4_000_000, 4096, 255
MOST_FOLDERS = 64  # above a file
TEXTS = ("room", "artifact", "classification", "project", "sealed_by", "sealed_at")
NUMBERS = ("v", "version", "generation", "plain_bytes")
SEGMENT_TEXTS = ("id", "name", "part", "domain", "footprint", "object")
SEGMENT_HEX = ("salt", "commitment", "sha256")
SEGMENT_NUMBERS = (
    "suite",
    "record_bytes",
    "shares",
    "records",
    "length",
    "plain_bytes",
)
UNSEEN = (
    "\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
SEGMENT_NAME = re.compile("[a-z0-9][a-z0-9.-]{0,62}")

# --- manifest.md ------------------------------------------------------------------


def manifest(signed: bytes, key: bytes, second: bytes = b"") -> tuple[str, Document]:
    """Return the digest of a signed manifest, and the manifest.

    Args:
        signed: The envelope.
        key: The room's Ed25519 key for manifests.
        second: Its ML-DSA-65 key, if it has one.

    Raises:
        RefusedError: A signature is missing or wrong, or a field breaks a rule.
    """
    payload = envelope(signed, "manifest", key, 2 * MOST_MANIFEST)
    found = manifest_payload(payload)
    if "signatures" in found:
        must(second, "the second key is not known")
        envelope(signed, "manifest", second, 2 * MOST_MANIFEST, ML_DSA)
    return digest("strongroom/v1/manifest", payload).hex(), found


def manifest_payload(payload: bytes) -> Document:
    """Return the manifest that a payload states.

    Raises:
        RefusedError: One of its fields breaks a rule.
    """
    parsed = read(payload, MOST_MANIFEST)
    must(isinstance(parsed, dict) and "parent" in parsed, "no manifest")
    parent = type(parsed["parent"])
    must(parent in (str, type(None)), "parent is of another kind")
    kinds: dict[str, type] = dict.fromkeys(TEXTS, str) | dict.fromkeys(NUMBERS, int)
    kinds |= {"signatures": list} if parsed.get("v") == 4 else {}
    found = exactly(parsed, parent=parent, roots=list, segments=list, **kinds)
    must(found.get("signatures", BOTH) == BOTH, "other signatures")
    must(all(isinstance(root, str) for root in found["roots"]), "roots are text")
    classes = ("open", "internal", "restricted")
    must(found["classification"] in classes, "an unknown class")
    must(TIME.fullmatch(found["sealed_at"]), "a time has one form")
    must(found["v"] in (1, 2, 3, 4), "a newer form")
    must(found["version"] > 0 < found["generation"], "they are counted from 1")
    segments = [segment(one, found) for one in found["segments"]]
    must(segments, "a manifest without segments")
    for name in ("id", "name"):
        must(len({one[name] for one in segments}) == len(segments), f"an {name} twice")
    must(found["v"] == form(found, segments), "the number of another form")
    return found


def segment(value: Any, whole: Document) -> Document:  # noqa: ANN401  any document
    """Return a segment, with what the form leaves out."""
    kinds: dict[str, type] = dict.fromkeys((*SEGMENT_TEXTS, *SEGMENT_HEX), str)
    kinds |= dict.fromkeys(SEGMENT_NUMBERS, int)
    kinds |= {"custodians": list} if whole["v"] > 1 else {}
    kinds |= {"generation": int} if whole["v"] > 2 else {}
    found = exactly(value, **kinds)
    for name in SEGMENT_HEX:
        hexadecimal(found[name], 32)
    identifier(found["id"])
    identifier(whole["artifact"])
    must(found["part"] in ("architecture", "biases", "weights"), "an unknown part")
    must(found["suite"] in (1, 2), "an unknown suite")
    must(found["record_bytes"] == STRIDE, "another stride")
    must(1 <= found["shares"] <= 255, "1 to 255 shares")
    lengths(found)
    found.setdefault("custodians", [found["domain"]])
    found.setdefault("generation", whole["generation"])
    must(1 <= found["generation"] <= whole["generation"], "a later generation, or none")
    names = found["custodians"]
    must(all(isinstance(name, str) for name in names), "custodians are text")
    must(len(names) == len(set(names)) == found["shares"], "one custodian a share")
    must(names[0] == found["domain"], "the domain keeps the first share")
    return found


def lengths(found: Document) -> None:
    """Refuse lengths that no object has."""
    stream = found["length"] - HEADER - TAG * found["records"]
    must(1 <= found["records"] <= 1 << 32, "its records")
    more = -(-max(0, stream - FIRST) // (STRIDE - TAG))
    must(found["records"] == 1 + more, "records and length")
    must(0 <= found["plain_bytes"] <= stream - FIRST, "plain bytes and length")


def form(whole: Document, segments: list[Document]) -> int:
    """Return which form such a manifest has."""
    if "signatures" in whole:
        return 4
    if any(one["generation"] != whole["generation"] for one in segments):
        return 3
    return 2 if any(one["shares"] > 1 for one in segments) else 1


# --- plan.md ----------------------------------------------------------------------


def read_map(data: bytes) -> list[Document]:
    """Return the files of a map.

    Raises:
        RefusedError: It breaks one of the rules of the page.
    """
    found = exactly(read(data, MOST_MAP), files=list, v=int)
    must(found["v"] == 1, "another version")
    must(len(found["files"]) <= MOST_FILES, "too many files")
    files = [exactly(one, path=str, pieces=list, size=int) for one in found["files"]]
    must(sum(len(one["pieces"]) for one in files) <= MOST_PIECES, "too many pieces")
    taken: set[str] = set()
    folders: set[str] = set()
    for one in files:
        check_path(one["path"])
        place = unicodedata.normalize("NFC", one["path"].casefold())
        must(place not in taken | folders, "two files at one place")
        parts = place.split("/")
        above = {"/".join(parts[:n]) for n in range(1, len(parts))}
        must(not above & taken, "a file that is a folder")
        taken.add(place)
        folders |= above
        check_pieces(one)
    return files


def check_path(path: str) -> None:
    """Refuse a path that leads elsewhere or cannot be shown."""
    check_text(path)
    must(path.count("/") <= MOST_FOLDERS, "a path leads too deep")
    for part in path.split("/"):
        must(part not in ("", ".", ".."), "a path stays in its folder")
        must(len(part.encode()) <= MOST_PART, "a part is too long")


def check_text(text: str) -> None:
    """Refuse a name with what nobody sees."""
    must(0 < len(text.encode()) <= MOST_PATH, "a name is empty or too long")
    unseen = [c for c in text if c in UNSEEN or unicodedata.category(c) in ("Cc", "Cs")]
    must(not unseen, "a name has characters that nobody sees")


def check_pieces(file: Document) -> None:
    """Refuse pieces that leave bytes out, or bend an item."""
    end = 0
    starts: dict[str, int] = {}
    for piece in file["pieces"]:
        kinds = [type(part) for part in piece]
        must(kinds == [int, int, str, str, int], "a piece has five parts")
        offset, length, name, item, within = piece
        must(SEGMENT_NAME.fullmatch(name), "a segment's name")
        check_text(item)
        must(offset == end and length > 0 and within >= 0, "a gap, or an overlap")
        first = 0 if item == file["path"] else offset
        start = starts.setdefault(item, first)
        must(offset - within == start, "an item is bent")
        end = offset + length
    must(end == file["size"], "the pieces do not make the file")
