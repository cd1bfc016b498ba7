"""A custodian whose root key is held by something else: a token, or a service.

What holds the key wraps and unwraps; the rest is here.  Beside it lies a small
file without secrets, and the anchor; see ``crypto.token_file``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from strongroom.crypto.anchor_file import AnchorFile, anchor_path
from strongroom.crypto.anchored_custodian import AnchoredCustodian
from strongroom.crypto.durable import write_durably
from strongroom.crypto.token_file import KeyUri, TokenFile, read_token_file
from strongroom.crypto.wraps import altered
from strongroom.errors import ConflictError, SetupError, UnavailableError
from strongroom.types import Random, Secret, new_id

U = TypeVar("U", bound=KeyUri)

_ANCHOR_KEY_BYTES = 32


class HeldKey(Protocol):
    """Wrap and unwrap under one key that never leaves where it is held."""

    def wrap(self, secret: Secret, place: bytes) -> bytes:
        """Return the secret encrypted, bound to its place.

        Raises:
            InputError: The secret is too long.
            UnavailableError: What holds the key does not answer.
        """

    def unwrap(self, wrapped: bytes, place: bytes) -> Secret | None:
        """Return the secret, or ``None`` if it was refused, for whatever reason.

        Raises:
            IntegrityError: It has the form of no wrap.
            UnavailableError: What holds the key does not answer.
        """

    def discard(self) -> None:
        """Remove a new key that no custodian will use, where its holder lets us.

        Raises:
            UnavailableError: What holds the key does not answer.
        """


class HeldKeyCustodian(AnchoredCustodian):
    """A ``KeyCustodian`` over a held key; ``Holder`` makes and opens it."""

    def __init__(self, path: Path, file: TokenFile[KeyUri], key: HeldKey) -> None:
        self._file = file
        self._key = key
        super().__init__(AnchorFile(anchor_path(path), self._anchor_key()))

    @property
    def name(self) -> str:
        """The custody domain's name."""
        return self._file.name

    @property
    def root_key_id(self) -> str:
        """Names the root key."""
        return self._file.root_key_id

    def wrap(self, secret: Secret, context: bytes) -> bytes:
        """See ``KeyCustodian``."""
        return self._key.wrap(secret, context)

    def _unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        secret = self._key.unwrap(wrapped, context)
        if secret is None:
            self._anchor_key()  # what opens this is well: it is the wrap
            raise altered()
        return secret

    def _anchor_key(self) -> Secret:
        secret = self._key.unwrap(self._file.anchor_key, self._file.context())
        if secret is None or len(secret) != _ANCHOR_KEY_BYTES:
            raise UnavailableError(
                f"what holds the key of {self.name} does not open its anchor key",
                hint="it failed, or the file beside it was altered",
            )
        return secret

    def store(self, path: Path, random: Random) -> None:
        """Write both files of a new custodian durably.

        Raises:
            ConflictError: There is a custodian at ``path``.
            UnavailableError: The disk does not answer.
        """
        # The anchor first: a custodian without one is never usable.
        write_durably(
            anchor_path(path), self._anchors.first_bytes(), random, what="a custodian"
        )
        write_durably(path, self._file.to_bytes(), random, what="a custodian")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Generic[U]):
    """A kind of thing that holds keys; makes and opens the custodians over them.

    Attributes:
        uri: Says where one is, and which key.
        make: Has a key made; gets the URI, what opens the holder (a PIN, a token), the
            new root key's id, and a source of nonces.
        find: Finds such a key again, if it is still one that stays where it is.
    """

    uri: type[U]
    make: Callable[[U, Secret, str, Random], HeldKey]
    find: Callable[[U, Secret, str, Random], HeldKey]

    def create(
        self, path: Path, *, name: str, uri: str, secret: Secret, random: Random
    ) -> HeldKeyCustodian:
        """Have a key made, write both files, and return the custodian.

        Args:
            path: Where the file beside the key goes; its folder exists.
            name: The custody domain.
            uri: Where the key is to be.
            secret: Opens what will hold it.
            random: Gives the id, the anchor's key and nonces.

        Raises:
            ConflictError: There is a custodian at ``path``, or such a key.
            DeniedError: The secret is wrong, or does not allow it.
            InputError: Name or URI are not usable.
            MissingError: There is no such holder.
            SetupError: The key cannot bind a wrap to its place, is there already, or
                the holder cannot be used.
            UnavailableError: The holder or the disk does not answer.
        """
        if path.exists():  # before a key is made that nobody would use
            raise ConflictError(f"there is a custodian at {path}")
        where, root_key_id = self.uri.from_text(uri), new_id("root", random)
        stated = TokenFile(name=name, root_key_id=root_key_id, uri=where)
        key = self.make(where, secret, root_key_id, random)
        try:
            file = with_anchor_key(stated, key, random)
            custodian = HeldKeyCustodian(path, file, key)
            custodian.store(path, random)
        except BaseException:  # also an interrupt: a key without a file is lost
            key.discard()
            raise
        return custodian

    def open(
        self, path: Path, secret: Secret, *, random: Random, uri: str = ""
    ) -> HeldKeyCustodian:
        """Return the custodian.

        Args:
            path: Of the file that ``create`` wrote.
            secret: Opens what holds the key.
            random: Gives nonces.
            uri: Where the key is now; as it was when it was made, if empty.

        Raises:
            DeniedError: The secret is wrong, or does not allow it.
            InputError: The URI is not usable.
            IntegrityError: One of the two files was altered, or is of another kind.
            MissingError: There is no such file, holder or key.
            SetupError: The key can leave its holder, or that cannot be used.
            UnavailableError: The holder or the disk does not answer, or another key
                has taken this one's place.
        """
        where = self.uri.from_text(uri) if uri else None
        file = read_token_file(path, self.uri)
        key = self.find(where or file.uri, secret, file.root_key_id, random)
        custodian = HeldKeyCustodian(path, file, key)  # opens the anchor's key
        custodian.anchor()
        return custodian


def with_anchor_key(stated: TokenFile[U], key: HeldKey, random: Random) -> TokenFile[U]:
    """Return the file with a new anchor key, after the key's holder proved itself.

    Raises:
        SetupError: It ignores the place that a wrap is bound to.
        UnavailableError: It does not answer.
    """
    place = stated.context()
    wrapped = key.wrap(Secret(random(_ANCHOR_KEY_BYTES)), place)
    if key.unwrap(wrapped, place) is None or key.unwrap(wrapped, place + b"?"):
        raise SetupError(
            f"what holds the key of {stated.name} does not bind a wrap to its place",
            hint="use AES-GCM with associated data, and a nonce that is ours to choose",
        )
    return replace(stated, anchor_key=wrapped)
