"""``strongroom intake sign``: OpenSSF signatures, and those that ``add`` demands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passphrases
from strongroom.cli.call import Call
from strongroom.cli.files import read_file, verify_there
from strongroom.errors import ConflictError, InputError, UnavailableError
from strongroom.types import Secret

if TYPE_CHECKING:
    from strongroom.intake.signatures import Claim

_MOST_CERTIFICATES = 1 << 20


def sign(
    call: Call,
    *,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or a folder.")],
    key: Annotated[
        Path, typer.Option(help="Private key, P-256 or P-384, PEM.", metavar="FILE")
    ],
    certificate: Annotated[
        Path | None,
        typer.Option(help="Its certificate, then authorities, PEM.", metavar="FILE"),
    ] = None,
    signature: Annotated[
        Path | None, typer.Option(help="Write it there.", metavar="FILE")
    ] = None,
    key_passphrase_file: Annotated[
        str | None,
        typer.Option(help="Opens the key; asked for if it has one.", metavar="FILE"),
    ] = None,
) -> None:
    """Sign files, such as those that were opened, so that others can verify them.

    The signature is that of OpenSSF model signing, made with a key of yours; it lies
    beside the files as NAME.sig. Needs no room.

    Example: strongroom intake sign ./exported --key key.pem
    """
    from strongroom.crypto.certificates import TrustAnchors
    from strongroom.crypto.ecdsa import MOST_PEM_BYTES, EcSigner
    from strongroom.intake.signing import named, sign_folder

    verify_there(path)  # before a passphrase is asked for
    pem = read_file(key, at_most_bytes=MOST_PEM_BYTES)
    passphrase = None
    if key_passphrase_file is not None or b"ENCRYPTED" in pem:
        passphrase = passphrases.secret(
            "Passphrase of the key", key_passphrase_file, option="--key-passphrase-file"
        )
    signer = EcSigner(Secret(pem), passphrase)
    chain: tuple[bytes, ...] = ()
    if certificate is not None:
        data = read_file(certificate, at_most_bytes=_MOST_CERTIFICATES)
        chain = TrustAnchors.from_pem(data).certificates
    beside = Path(os.path.abspath(path)).parent / f"{named(path)}.sig"
    to = beside if signature is None else signature
    _write_new(to, sign_folder(path, signer, chain=chain))
    document = {"signature": str(to), "key": signer.public.fingerprint}
    call.output.say(document, f"{to} is signed by key {signer.public.fingerprint}")


def claim(
    signature: Path | None, key: Path | None, certificates: Path | None
) -> Claim | None:
    """Return the signature that options of ``add`` name; ``None`` for none.

    Raises:
        InputError: They do not go together, or a file is not what it should be.
        MissingError: There is no such file.
        UnavailableError: A file cannot be read.
    """
    from strongroom.crypto.certificates import TrustAnchors
    from strongroom.crypto.ecdsa import MOST_PEM_BYTES, EcKey
    from strongroom.intake.bundles import MOST_BYTES
    from strongroom.intake.signatures import Claim

    if signature is None and key is None and certificates is None:
        return None
    if signature is None or (key is None) == (certificates is None):
        raise InputError(
            "a signature needs somebody to be by",
            hint="--signature FILE with --key FILE, or with --certificates FILE",
        )
    trust: tuple[EcKey, ...] | TrustAnchors
    if key is not None:
        trust = (EcKey.from_pem(read_file(key, at_most_bytes=MOST_PEM_BYTES)),)
    elif certificates is not None:
        data = read_file(certificates, at_most_bytes=_MOST_CERTIFICATES)
        trust = TrustAnchors.from_pem(data)
    return Claim(bundle=read_file(signature, at_most_bytes=MOST_BYTES), trust=trust)


def bundle(
    signature: Path | None, key: Path | None, certificates: Path | None
) -> bytes | None:
    """Return the signature beside a source, which says whose it is.

    Raises:
        InputError: A key or authorities are named too.
        MissingError: There is no such file.
        UnavailableError: It cannot be read.
    """
    from strongroom.intake.bundles import MOST_BYTES

    if key is not None or certificates is not None:
        raise InputError(
            "the source says whose signature it has to be",
            hint="leave out --source, or --key and --certificates",
        )
    return None if signature is None else read_file(signature, at_most_bytes=MOST_BYTES)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write new files to a folder, which is made if it is not there.

    Raises:
        ConflictError: One is there already.
        UnavailableError: One cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(f"{folder}: {error.strerror}") from None
    for name, data in files.items():
        _write_new(folder / name, data)


def _write_new(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise ConflictError(
            f"{path} is there already", hint="name another, or remove it"
        ) from None
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}") from None
