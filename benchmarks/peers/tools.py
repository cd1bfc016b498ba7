"""One class for each tool: seal weights into files, open them again.

Runs in the environment of the peers, one tool a process.  ``open`` ends with torch
tensors whose bytes are in memory; ``names`` opens only these.  What a tool needs to
open its files again, keys included, it keeps in ``state``, outside the stored files.
A peer is imported when its tool is made: only its own process has it.
"""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from safetensors import safe_open
from safetensors.torch import load, load_file, save_file

from strongroom import Secret, Strongroom, open_strongroom
from strongroom.access.founding import Founder
from strongroom.app import create_strongroom
from strongroom.crypto.arena import Arena
from strongroom.types import Profile

THREADS = 2
PASSPHRASE = b"a passphrase for a comparison"
Tensors = dict[str, torch.Tensor]


class Tool(Protocol):
    """What is measured.

    Attributes:
        weights: The folder in which its files with weights lie.
    """

    weights: str

    def seal(self, source: Source, folder: Path) -> None:
        """Write weights into files of a folder; not synced."""

    def prepare(self, folder: Path) -> None:
        """Do what comes once, before anything is sealed there."""

    def unlock(self, folder: Path) -> None:
        """Do what a process does once before it opens anything."""

    def open(
        self, folder: Path, names: Sequence[str] = (), *, in_place: bool = False
    ) -> Tensors:
        """Return all tensors, or these, or raise whatever the tool raises.

        ``in_place``: they are copied on at once, so they may lie in a mapped file.
        """


@dataclass(frozen=True, slots=True)
class Source:
    """The same weights as a plain safetensors file and in memory."""

    path: Path
    weights: Tensors


class _Kept:
    """A tool that keeps its keys in a file."""

    weights = "."

    def __init__(self, state: Path) -> None:
        self.state = state

    def prepare(self, folder: Path) -> None:
        """Nothing: a folder is enough."""

    def unlock(self, folder: Path) -> None:
        """Nothing: the keys are read when they are needed."""

    def secret(self, length: int) -> bytes:
        """Return random bytes, the same at every call."""
        if not self.state.exists():
            self.state.write_bytes(os.urandom(length))
        return self.state.read_bytes()


class Safetensors(_Kept):
    """Stock safetensors, as a model is stored today; no cryptography."""

    def seal(self, source: Source, folder: Path) -> None:
        """Write weights into files of a folder; not synced."""
        save_file(source.weights, folder / "model.safetensors")

    def open(
        self, folder: Path, names: Sequence[str] = (), *, in_place: bool = False
    ) -> Tensors:
        """Read into memory: ``load_file`` alone only maps."""
        path = folder / "model.safetensors"
        if names:
            with safe_open(path, "pt") as opened:
                return {name: opened.get_tensor(name).clone() for name in names}
        mapped = load_file(path)
        return mapped if in_place else {n: t.clone() for n, t in mapped.items()}


class Tensorizer(_Kept):
    """CoreWeave's tensorizer: plain, with hashes verified, or encrypted."""

    def __init__(self, state: Path, mode: str = "plain") -> None:
        super().__init__(state)
        self._mode = mode
        self._peer = import_module("tensorizer")

    def seal(self, source: Source, folder: Path) -> None:
        """Write weights into files of a folder; not synced."""
        params = self._peer.EncryptionParams
        encrypted = self._mode == "encrypted"
        serializer = self._peer.TensorSerializer(
            str(folder / "model.tensors"),
            encryption=params(key=self.secret(32)) if encrypted else None,
            limit_cpu_concurrency=THREADS,
        )
        serializer.write_state_dict(source.weights)
        serializer.close()

    def open(
        self, folder: Path, names: Sequence[str] = (), *, in_place: bool = False
    ) -> Tensors:
        """Return all tensors, or these."""
        encrypted = self._mode == "encrypted"
        wanted = frozenset(names)
        with self._peer.TensorDeserializer(
            str(folder / "model.tensors"),
            device="cpu",
            num_readers=THREADS,
            filter_func=(lambda name: name in wanted) if names else None,
            verify_hash=self._mode == "verified",
            encryption=self._peer.DecryptionParams.from_key(self.secret(32))
            if encrypted
            else None,
        ) as opened:
            return dict(opened.items())


class Cryptotensors(_Kept):
    """The safetensors format with encrypted tensors and a signed header."""

    def __init__(self, state: Path) -> None:
        super().__init__(state)
        self._peer = import_module("cryptotensors")
        self._torch = import_module("cryptotensors.torch")

    def _keys(self) -> tuple[dict[str, Any], dict[str, Any]]:
        secret = self.secret(64)
        signer = Ed25519PrivateKey.from_private_bytes(secret[32:])
        encryption = {"kty": "oct", "alg": "aes256gcm", "k": _base64(secret[:32])}
        signing = {
            "kty": "okp",
            "alg": "ed25519",
            "d": _base64(secret[32:]),
            "x": _base64(signer.public_key().public_bytes_raw()),
        }
        return encryption | {"kid": "enc"}, signing | {"kid": "sign"}

    def seal(self, source: Source, folder: Path) -> None:
        """Write weights into files of a folder; not synced."""
        encryption, signing = self._keys()
        config = {"enc_key": encryption, "sign_key": signing}
        path = folder / "model.cryptotensors"
        self._torch.save_file(source.weights, path, config=config)

    def open(
        self, folder: Path, names: Sequence[str] = (), *, in_place: bool = False
    ) -> Tensors:
        """Return all tensors, or these."""
        self._peer.register_direct_key_provider(keys=list(self._keys()))
        path = folder / "model.cryptotensors"
        with self._peer.safe_open(path, framework="pt") as opened:
            return {n: opened.get_tensor(n) for n in names or opened.keys()}


class Age(_Kept):
    """A safetensors file in the command ``age``, read through a pipe."""

    def _recipient(self) -> str:
        if not self.state.exists():
            made = ("age-keygen", "-o", str(self.state))
            subprocess.run(made, check=True, capture_output=True)
        shown = subprocess.run(
            ("age-keygen", "-y", str(self.state)), check=True, capture_output=True
        )
        return shown.stdout.decode().strip()

    def seal(self, source: Source, folder: Path) -> None:
        """Write weights into files of a folder; not synced."""
        plain = folder / "plain.safetensors"
        save_file(source.weights, plain)
        output = str(folder / "model.age")
        subprocess.run(
            ("age", "-r", self._recipient(), "-o", output, str(plain)), check=True
        )
        plain.unlink()

    def open(
        self, folder: Path, names: Sequence[str] = (), *, in_place: bool = False
    ) -> Tensors:
        """Return all tensors, or these."""
        command = ("age", "-d", "-i", str(self.state), str(folder / "model.age"))
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        return load(done.stdout)


class Rooms:
    """The product as its users have it: a room of one person, a permit, a ledger."""

    weights = "room/stores"

    def __init__(self, state: Path) -> None:
        self.state = state
        self.arena: Arena | None = None
        self._room: Strongroom | None = None
        self._permit = ""

    def prepare(self, folder: Path) -> None:
        """Make a room; what was seen of a former one says nothing of this one."""
        self.state.unlink(missing_ok=True)
        room, _ = create_strongroom(
            folder / "room",
            profile=Profile.SOLO,
            passphrases={"*": Secret(PASSPHRASE)},
            owner=Founder(name="me", team="me", password=Secret(b"a password of it")),
        )
        room.close()

    def seal(self, source: Source, folder: Path) -> None:
        """Write weights into files of a folder; not synced."""
        with self._open_room(folder) as room:
            room.seal(source.path, name="model")

    def unlock(self, folder: Path) -> None:
        """Open the room with its passphrase, and ask for a permit."""
        self._room = self._open_room(folder)
        asked = self._room.request("model", purpose="a comparison")
        if asked.permit is None:
            raise SystemExit("the request waits for somebody")
        self._permit = asked.permit.id

    def open(
        self, folder: Path, names: Sequence[str] = (), *, in_place: bool = False
    ) -> Tensors:
        """Return all tensors, or these."""
        if self._room is None:
            raise SystemExit("unlock it first")
        opened = self._room.open(self._permit, arena=self.arena)
        tensors = opened.tensors("torch", names=names, threads=THREADS)
        return dict(tensors)

    def _open_room(self, folder: Path) -> Strongroom:
        """Open it, remembering outside of it what the ledger was, as the CLI does."""
        passphrases = {"*": Secret(PASSPHRASE)}
        return open_strongroom(
            folder / "room", passphrases=passphrases, seen=self.state
        )


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


TOOLS: dict[str, Callable[[Path], Tool]] = {
    "strongroom": Rooms,
    "safetensors": Safetensors,
    "tensorizer": Tensorizer,
    "tensorizer verified": lambda state: Tensorizer(state, "verified"),
    "tensorizer encrypted": lambda state: Tensorizer(state, "encrypted"),
    "cryptotensors": Cryptotensors,
    "age": Age,
}
