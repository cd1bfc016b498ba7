"""What a request asks for, in words: whoever approves has to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.explain import spell
from strongroom.cli import words
from strongroom.crypto.ecdsa import EcKey
from strongroom.types import AccountId
from strongroom.vault.versions import find_artifact

if TYPE_CHECKING:
    from strongroom.access.request import Request
    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom
    from strongroom.ledger.log import Reading

Payload = Mapping[str, "Json"]
HIDDEN = "in a project that is not yours"
MOST_NAMES: Final = 3
"""Of segments in one line of a list."""


def visible_models(room: Strongroom) -> frozenset[str]:
    """Return the ids of the models that the actor may see."""
    return frozenset(a.id for a, _ in room.room.catalogue.all(room.actor))


def details(
    room: Strongroom, request: Request, *, visible: frozenset[str]
) -> dict[str, str]:
    """Return what a request asks for, one line of text per name.

    Args:
        room: Where it was asked.
        request: What to describe.
        visible: From ``visible_models``; of another model nothing is said.

    Raises:
        IntegrityError: The request is not what was asked for.
    """
    from strongroom.access.request import ERASED_BODY

    if request.body == ERASED_BODY:
        return {"asked": "erased, with the text of a person who left"}
    payload = request.payload()
    if not _models(payload) <= visible:
        return {"model": HIDDEN}
    with room.room.ledger.reading() as reading:
        describe = _DESCRIBE.get(request.action)
        return describe(reading, payload) if describe else {}


def summary(found: Mapping[str, str]) -> str:
    """Return the shortest of it, for a list; many segments as their number."""
    first = next(iter(found.values()), "")
    segments = found.get("segments", "")
    count = segments.count(", ") + 1
    if count > MOST_NAMES:
        segments = words.many(count, "segment")
    return f"{first}: {segments}" if segments else first


def _models(payload: Payload) -> frozenset[str]:
    """Return the ids of the models that a request is about."""
    version, _, _ = str(payload.get("version", "")).partition("/")
    artifact = str(payload.get("artifact", version))
    roots = [str(root) for root in _list(payload.get("roots", []))]
    return frozenset(x for x in (artifact, *roots) if x.startswith("model-"))


def _release(reading: Reading, payload: Payload) -> dict[str, str]:
    said = payload["words"]
    free = dict(said) if isinstance(said, Mapping) else {}
    model = _model(reading, str(payload["artifact"]))
    lineage = payload["lineage"] is True
    return {
        "model": f"{model}, every version"
        if lineage
        else f"{model}@{payload['version']}",
        "segments": ", ".join(str(name) for name in _list(payload["segments"])),
        "at most": words.size(_number(payload["bytes"])),
        "for": spell(timedelta(seconds=_number(payload["seconds"]))),
        **{name: str(text) for name, text in free.items()},
    }


def _publishing(reading: Reading, payload: Payload) -> dict[str, str]:
    artifact, _, number = str(payload["version"]).partition("/")
    return {"model": f"{_model(reading, artifact)}@{number}"}


def _caps(reading: Reading, payload: Payload) -> dict[str, str]:
    models = [_model(reading, str(root)) for root in _list(payload["roots"])]
    return {
        "model": ", ".join(models),
        "caps": f"{payload['person']} % a person, {payload['pair']} % a pair",
    }


def _recovery(_: Reading, payload: Payload) -> dict[str, str]:
    domains = ", ".join(str(name) for name in _list(payload["domains"]))
    return {
        "recovery key": f"of {domains}",
        "papers": f"any {payload['threshold']} of {payload['shares']} open everything"
        f" in a copy of the room, past the ledger (set {payload['set']})",
    }


def _rotation(_: Reading, payload: Payload) -> dict[str, str]:
    joining = payload["joining"]
    new = dict(joining) if isinstance(joining, Mapping) else {}
    return {
        "root key": f"of {payload['domain']}: another one",
        "held by": str(new.get("custodian", "")),
    }


def _shredding(reading: Reading, payload: Payload) -> dict[str, str]:
    names = ", ".join(str(name) for name in _list(payload["names"]))
    return {**_publishing(reading, payload), "gives up the keys of": names}


def _signatures(_: Reading, payload: Payload) -> dict[str, str]:
    ids = [str(payload[name])[:16] for name in ("checkpoint", "manifest")]
    return {
        "checkpoints and manifests carry": str(payload["algorithms"]),
        "second keys": ", ".join(ids),
    }


def _source(_: Reading, payload: Payload) -> dict[str, str]:
    place = [str(payload[name]) for name in ("publisher", "repository", "commit")]
    keys = [EcKey(bytes.fromhex(str(key))) for key in _list(payload["keys"])]
    found = {
        "source": str(payload["name"]),
        "from": " ".join(part for part in place if part),
        "digests": ", ".join(str(one) for one in _list(payload["digests"])),
        "files": ", ".join(str(line) for line in _list(payload["sums"])),
        "signers": ", ".join(key.fingerprint for key in keys),
    }
    return {name: text for name, text in found.items() if text}


def _issuer(_: Reading, payload: Payload) -> dict[str, str]:
    return {"issuer": str(payload["key"]), "in place of": str(payload["former"])}


def _new_account(_: Reading, payload: Payload) -> dict[str, str]:
    return {"account": f"{payload['name']} ({payload['kind']})", **_roles(payload)}


def _new_roles(reading: Reading, payload: Payload) -> dict[str, str]:
    account = ACCOUNTS.get(reading, AccountId(str(payload["account"])))
    return {"account": account.name, **_roles(payload)}


def _roles(payload: Payload) -> dict[str, str]:
    roles = ", ".join(str(role) for role in _list(payload["roles"])) or "none"
    return {"team": str(payload["team"]), "roles": roles}


def _model(reading: Reading, identifier: str) -> str:
    artifact = find_artifact(reading, identifier)
    return artifact.name if artifact is not None else words.short(identifier)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0


_DESCRIBE: Final[Mapping[str, Callable[[Reading, Payload], dict[str, str]]]] = {
    "segment:release": _release,
    "model:publish": _publishing,
    "cap:change": _caps,
    "recovery:create": _recovery,
    "key:rotate": _rotation,
    "key:shred": _shredding,
    "signatures:switch": _signatures,
    "intake:source": _source,
    "intake:issuer": _issuer,
    "account:create": _new_account,
    "role:change": _new_roles,
}
