"""Checks an exported ledger, or one proof file, with Python alone.

    python3 -I verify.py EXPORT --key KEY [--older CHECKPOINT] [--witness KEY ...]
    python3 -I verify.py --proof FILE --entry FILE --key KEY [--witness KEY ...]

With --second-key KEY the newest checkpoint has to carry that ML-DSA-65 signature too;
for it alone the Python package ``cryptography`` is needed.

It imports nothing of Strongroom: an outsider reads it, or writes another from
``docs/specification/ledger.md``.  The keys are those that the outsider kept, not
those in the export.  Exit status 0 if everything holds, otherwise 65.

Source: RFC 8032 section 5.1.7; RFC 9162 section 2.1; C2SP signed-note, tlog-tiles,
tlog-cosignature; FIPS 204, with an empty context.
"""
# Long because an outsider copies one file, and reads it from top to bottom.
# ruff: noqa: PLR2004, T201  the numbers are those of the formats; it is a program
# ruff: noqa: PLC0415  what checks a second signature is not there on every machine

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

AT_MOST_BYTES = 32 << 20  # of any one file; a full bundle has at most half of it
AT_MOST_SIGNATURES = 64  # of a checkpoint; each of ours takes 20 to 30 ms
WIDTH = 256  # hashes in a full tile, entries in a full bundle
P = 2**255 - 19  # Ed25519: the field, the order, the constant, the base point
ORDER = 2**252 + 27742317777372353535851937790883648493
D = 37095705934669439343138083508754565189542113879843219016388785533085940283555
ML_DSA = b"\xffstrongroom/ml-dsa-65"  # what stands before a second key; no byte is its
BASE = bytes.fromhex("58" + "66" * 31)


class ProblemError(ValueError):
    """One sentence about something that does not hold."""


class Check:
    """What was found; everything holds if there are no problems."""

    def __init__(self, folder: str, *witnesses: str, second: str = "") -> None:
        self.folder, self.witnesses, self.second = Path(folder), witnesses, second
        self.unread: set[str] = set()  # files that no entry and no size asked for
        self.problems: list[str] = []
        self.facts: dict[str, Any] = {}
        self.saw: dict[int, dict[str, str]] = {}  # what each witness says, by size

    def export(self, key: str, older: str | None) -> None:
        """Check a whole export, and that it continues an older checkpoint."""
        for part in ("tile", "private", "attached", "witnessed"):
            below = (self.folder / part).rglob("*")
            self.unread |= {str(path) for path in below if not path.is_dir()}
        kept = self.folder / "key"
        if kept.exists() and self._read(kept) != f"{key}\n".encode():
            self.problems.append("the export names another key than yours")
        paths = sorted((self.folder / "witnessed").glob("*"))
        paths += [Path(older)] if older else []
        before = [self.checkpoint(self._read(path), key) for path in paths]
        size, root = self.newest(self._read(self.folder / "checkpoint"), key)
        self.facts |= {"private_opened": 0, "private_withheld": 0, "attached": 0}
        leaves: list[bytes] = []
        for start in range(0, size, WIDTH):
            leaves += self._leaves(start, min(WIDTH, size - start))
        if _root(leaves) != root:
            self.problems.append("the entries do not have the signed root")
        for its_size, its_root in before:
            if its_size > size or _root(leaves[:its_size]) != its_root:
                problem = f"its first {its_size} entries are not those of before"
                self.problems.append(problem)
        self.facts["grew_from"] = before[-1][0] if older else None
        self._tiles(0, leaves)
        for name in sorted(self.unread):
            self.problems.append(f"{name!r} belongs to no entry and no tile")

    def proof(self, file: str, entry_file: str, key: str) -> None:
        """Check that an entry is where its proof file says; ignore its extra data."""
        head, _, note = self._read(Path(file)).partition(b"\n\n")
        entry = self._read(Path(entry_file))
        size, root = self.newest(note, key)
        first, *lines = [x for x in head.split(b"\n") if not x.startswith(b"extra ")]
        place, *rest = lines or [b""]
        valid = first == b"c2sp.org/tlog-proof@v1" and place[:6] == b"index "
        _need(valid, "it is no proof file")
        index = _number(place[6:])
        leaf = hashlib.sha256(b"\x00" + entry).digest()
        siblings = [_base64(line) for line in rest]
        same = index < size and _climb(index, size, leaf, siblings) == root
        _need(same, f"entry {index}: is not in the ledger of {size}")
        _canonical(entry)
        self.facts["entry"] = index

    def newest(self, note: bytes, key: str) -> tuple[int, bytes]:
        """Return size and root in a checkpoint that the second key signed as well."""
        size, root = self.checkpoint(note, key)
        if (
            self.second
        ):  # those of before may be older than the key; the root binds them
            text, _, lines = note.rpartition(b"\n\n")
            same = self.second.partition("+")[0] == key.partition("+")[0]
            _need(same, "the second key is another ledger's")
            public, signatures = _signatures(lines, self.second, ML_DSA)
            _need(signatures, "the second key did not sign the checkpoint")
            for signature in signatures:
                verify_ml_dsa(public, signature, text + b"\n")
            short = "+".join(self.second.split("+", 2)[:2])  # 2.6 kB are to be compared
            self.facts["second_signature"] = f"ML-DSA-65, by {short}"
        return size, root

    def checkpoint(self, note: bytes, key: str) -> tuple[int, bytes]:
        """Return the size and root in a checkpoint that ``key`` signed."""
        text, _, lines = note.rpartition(b"\n\n")
        few = lines.count(b"\n") <= AT_MOST_SIGNATURES
        _need(few, f"a checkpoint has over {AT_MOST_SIGNATURES} signatures")
        public, signatures = _signatures(lines, key, b"\x01")
        _need(signatures and lines[-1:] == b"\n", "the key did not sign the checkpoint")
        for signature in signatures:
            verify_ed25519(public, signature, text + b"\n")
        name, *fields = text.split(b"\n")
        valid = name == key.partition("+")[0].encode() and len(fields) == 2
        _need(valid, "it is another ledger's")
        size, root, own = _number(fields[0]), _base64(fields[1]), len(signatures)
        for witness in self.witnesses:
            public, signatures = _signatures(lines, witness, b"\x04")
            for signature in signatures:
                self._cosignature(size, witness, public, signature, text)
        self.facts |= {"entries": size, "root": root.hex(), "signed_by": key}
        said = [text for _, each in sorted(self.saw.items()) for text in each.values()]
        self.facts |= {"witness": "; ".join(said) or "no independent witness"}
        beside = lines.count(f"\N{EM DASH} {name.decode()} ".encode()) - own
        unchecked = "ML-DSA-65 or another, not checked without its --second-key"
        self.facts |= {"second_signature": unchecked if beside else "none"}
        self.facts |= {"other_signatures": lines.count(b"\n") - own - beside}
        return size, root

    def _cosignature(
        self, size: int, witness: str, public: bytes, signature: bytes, text: bytes
    ) -> None:
        """Check that a witness signed a checkpoint's text, and note when."""
        seconds = int.from_bytes(signature[:8], "big")
        head = b"cosignature/v1\ntime %d\n" % seconds
        verify_ed25519(public, signature[8:], head + text + b"\n")
        _need(seconds < 2**37, "a cosignature is of no time")  # the year 6325
        at, name = datetime.fromtimestamp(seconds, UTC), witness.partition("+")[0]
        said = f"{name} saw {size} entries at {at:%Y-%m-%d %H:%M:%S} UTC"
        self.saw.setdefault(size, {})[witness] = said

    def _leaves(self, start: int, width: int) -> list[bytes]:
        """Return the leaf hashes of one bundle, whose entries are checked."""
        name = tile_path("entries", start // WIDTH, width)
        data = self._read(self.folder / name)
        leaves, end = list[bytes](), 0
        for index in range(start, start + width):
            first, length = end + 2, int.from_bytes(data[end : end + 2], "big")
            end = first + length
            _need(end <= len(data), f"entry {index}: is cut off in {name}")
            leaves.append(hashlib.sha256(b"\x00" + data[first:end]).digest())
            try:
                self._entry(index, data[first:end])
            except ValueError as problem:
                self.problems.append(f"entry {index}: {problem}")
        _need(end == len(data), f"{name} has more after entry {start + width - 1}")
        return leaves

    def _entry(self, index: int, entry: bytes) -> None:
        """Check one entry and the documents that it commits to."""
        document = _canonical(entry)
        private = self.folder / "private" / f"{index}.json"
        if "private" in document and str(private) not in self.unread:
            self.facts["private_withheld"] += 1
        elif "private" in document:
            form = _canonical(self._read(private))
            salt, text = (str(form.get(name)) for name in ("salt", "payload"))
            raw = bytes.fromhex(salt)
            _need(form == {"salt": raw.hex(), "payload": text}, "opens in another form")
            found = _digest("strongroom/v1/private", raw, text.encode())
            _need(found == document["private"], "did not commit to the text shown")
            self.facts["private_opened"] += 1
        if "attached" in document:
            data = self._read(self.folder / "attached" / f"{index}.json")
            same = _digest("strongroom/v1/attached", data) == document["attached"]
            _need(same, "did not name the document attached to it")
            self.facts["attached"] += 1

    def _tiles(self, level: int, hashes: list[bytes]) -> None:
        """Compare a level's tiles with the hashes to which the entries lead."""
        tiles = [hashes[i : i + WIDTH] for i in range(0, len(hashes), WIDTH)]
        for number, tile in enumerate(tiles):
            name = tile_path(str(level), number, len(tile))
            data = self._read(self.folder / name)
            if data != b"".join(tile):
                wrong = [i for i, h in enumerate(tile) if data[32 * i :][:32] != h]
                index = (number * WIDTH + min([*wrong, len(tile)])) * WIDTH**level
                self.problems.append(f"entry {index}: {name} differs from there on")
        if hashes:
            self._tiles(level + 1, [_root(x) for x in tiles if len(x) == WIDTH])

    def _read(self, path: Path) -> bytes:
        """Return a plain file's bytes; a link, a pipe or a device could trick us."""
        self.unread.discard(str(path))
        _need(path.is_file() and not path.is_symlink(), f"{path} is no plain file")
        with path.open("rb") as file:
            data = file.read(AT_MOST_BYTES + 1)
        _need(len(data) <= AT_MOST_BYTES, f"{path} is too long")
        return data


def _signatures(lines: bytes, key: str, kind: bytes) -> tuple[bytes, list[bytes]]:
    """Return the public key in a verifier key, and what stands under its name."""
    name, _, rest = key.partition("+")
    public = _base64(rest.partition("+")[2].encode())
    short = hashlib.sha256(f"{name}\n".encode() + public).digest()[:4]
    form = f"{short.hex()}+{base64.b64encode(public).decode()}"
    valid = form == rest and public.startswith(kind)
    _need(valid, "the key is no name+hash+base64")
    ours = f"\N{EM DASH} {name} ".encode()
    signed = [x[len(ours) :] for x in lines.split(b"\n") if x.startswith(ours)]
    return public.removeprefix(kind), [
        x[4:] for x in map(_base64, signed) if x[:4] == short
    ]


def verify_ed25519(public: bytes, signature: bytes, message: bytes) -> None:
    """Raise a ProblemError unless the public key signed the message."""
    x, y = _point(public)
    scalar = int.from_bytes(signature[32:], "little")
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    x, y = _sum(_times(scalar % ORDER, *_point(BASE)), _times(challenge, P - x, y))
    same = (y | x % 2 << 255).to_bytes(32, "little") == signature[:32]
    _need(same and scalar < ORDER and len(signature) == 64, "the signature is wrong")


def verify_ml_dsa(public: bytes, signature: bytes, message: bytes) -> None:
    """Raise a ProblemError unless the public key signed the message."""
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import mldsa
    except ImportError as error:
        needs = "--second-key needs the Python package cryptography, 50 or later"
        raise ProblemError(needs) from error
    try:
        mldsa.MLDSA65PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise ProblemError("the second signature is wrong") from error


def _point(data: bytes) -> tuple[int, int]:
    """Return the point of the curve that 32 bytes encode (RFC 8032 5.1.3)."""
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    valid = len(data) == 32 and y < P and x * x % P == square and (x or not sign)
    _need(valid, "the key is no point of the curve")
    return (x if x % 2 == sign else P - x), y


def _sum(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """Return the sum of two points; 1 - k * k is never 0 on this curve."""
    k = D * a[0] * b[0] * a[1] * b[1] % P
    inverse = pow(1 - k * k, -1, P)
    x = (a[0] * b[1] + a[1] * b[0]) * (1 - k) * inverse
    return x % P, (a[1] * b[1] + a[0] * b[0]) * (1 + k) * inverse % P


def _times(scalar: int, x: int, y: int) -> tuple[int, int]:
    total = (0, 1)
    for bit in bin(scalar)[2:]:
        total = _sum(total, total)
        total = _sum(total, (x, y)) if bit == "1" else total
    return total


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _root(hashes: list[bytes]) -> bytes:
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256().digest()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return _node(_root(hashes[:split]), _root(hashes[split:]))


def _climb(index: int, size: int, node: bytes, siblings: list[bytes]) -> bytes:
    """Return the root to which a proof leads."""
    _need((size == 1) == (not siblings), "the proof has another length")
    if size == 1:
        return node
    split, below = 1 << (size - 1).bit_length() - 1, siblings[:-1]
    if index < split:
        return _node(_climb(index, split, node, below), siblings[-1])
    return _node(siblings[-1], _climb(index - split, size - split, node, below))


def tile_path(level: str, number: int, width: int) -> str:
    """Return where a tile lies: number 1234067 at ``x001/x234/067``."""
    *upper, last = f"{number:,}".split(",")
    place = "".join(f"x{part:0>3}/" for part in upper) + f"{last:0>3}"
    return f"tile/{level}/{place}" + (f".p/{width}" if width < WIDTH else "")


def _need(holds: object, sentence: str) -> None:
    if not holds:
        raise ProblemError(sentence)


def _base64(text: bytes) -> bytes:
    data = base64.b64decode(text, validate=True)
    _need(base64.b64encode(data) == text, "base64 has stray bits")
    return data


def _number(text: bytes) -> int:
    valid = len(text) <= 18 and text.isdigit() and text == b"%d" % int(text)
    _need(valid, "a size or an index is malformed")
    return int(text)


def _digest(tag: str, *fields: bytes) -> str:
    parts = [len(part).to_bytes(4, "big") + part for part in (tag.encode(), *fields)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _canonical(data: bytes) -> dict[str, object]:
    """Return a JSON object, whose bytes must be the one form RFC 8785 gives it."""
    dense = (",", ":")
    try:  # int refuses floats; _exact refuses what no double holds exactly
        value = json.loads(data, parse_float=int, parse_constant=int, parse_int=_exact)
        form = json.dumps(value, sort_keys=True, separators=dense, ensure_ascii=False)
        same = form.encode() == data and isinstance(value, dict)
    except (ValueError, RecursionError):
        same = False
    _need(same, "is not canonical JSON")
    return dict(value)


def _exact(text: str) -> int:
    return range(1 - 2**53, 2**53).index(int(text)) + 1 - 2**53


def main(argv: list[str] | None = None) -> int:
    """Run the program and return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("export", nargs="?", help="folder written by ledger export")
    parser.add_argument("--key", required=True, help="name+hash+base64, as you kept it")
    parser.add_argument("--second-key", help="its ML-DSA-65 key, as you kept it")
    parser.add_argument("--older", help="a checkpoint that you kept from before")
    parser.add_argument("--proof", help="proof file of one entry")
    parser.add_argument("--entry", help="file with the bytes of that entry")
    parser.add_argument("--witness", action="append", help="its key, as you kept it")
    parser.add_argument("--quorum", type=int, help="how many of them; all unless given")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(argv)
    if bool(given.export) == bool(given.proof and given.entry):
        parser.error("give an EXPORT, or --proof and --entry")
    if (given.quorum or 0) < 0:
        parser.error("--quorum is 0 or more")
    witnesses = given.witness or []
    check = Check(given.export or "", *witnesses, second=given.second_key or "")
    try:
        if given.export:
            check.export(given.key, given.older)
        else:
            check.proof(given.proof, given.entry, given.key)
        needed = len(witnesses) if given.quorum is None else given.quorum
        most = max(map(len, check.saw.values()), default=0)
        _need(most >= needed, f"{most} of {needed} witnesses signed one checkpoint")
    except (ValueError, OSError) as problem:
        check.problems.append(str(problem))
    facts = [(k, f) for k, f in check.facts.items() if f is not None]  # was not asked
    lines = [f"{name.replace('_', ' ')}: {fact}" for name, fact in facts]
    lines += check.problems or ["everything holds"]
    every = {"ok": not check.problems, **check.facts, "problems": check.problems}
    print(json.dumps(every) if given.json else "\n".join(lines))
    return 65 if check.problems else 0


if __name__ == "__main__":
    sys.exit(main())
