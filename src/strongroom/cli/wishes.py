"""What a request asks for, in words: whoever approves has to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.explain import spell
from strongroom.cli import words
from strongroom.types import AccountId
from strongroom.vault.versions import find_artifact

if TYPE_CHECKING:
    from strongroom.access.request import Request
    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom
    from strongroom.ledger.log import Reading

Wish = Mapping[str, "Json"]
HIDDEN = "in a project that is not yours"


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
    wish = request.wish()
    if not _models(wish) <= visible:
        return {"model": HIDDEN}
    with room.room.ledger.reading() as reading:
        describe = _DESCRIBE.get(request.action)
        return describe(reading, wish) if describe else {}


def summary(found: Mapping[str, str]) -> str:
    """Return the shortest of it, for a list."""
    first = next(iter(found.values()), "")
    segments = found.get("segments", "")
    return f"{first}: {segments}" if segments else first


def _models(wish: Wish) -> frozenset[str]:
    """Return the ids of the models that a wish is about."""
    version, _, _ = str(wish.get("version", "")).partition("/")
    artifact = str(wish.get("artifact", version))
    roots = [str(root) for root in _list(wish.get("roots", []))]
    return frozenset(x for x in (artifact, *roots) if x.startswith("model-"))


def _release(reading: Reading, wish: Wish) -> dict[str, str]:
    said = wish["words"]
    free = dict(said) if isinstance(said, Mapping) else {}
    model = _model(reading, str(wish["artifact"]))
    lineage = wish["lineage"] is True
    return {
        "model": f"{model}, every version" if lineage else f"{model}@{wish['version']}",
        "segments": ", ".join(str(name) for name in _list(wish["segments"])),
        "at most": words.size(_number(wish["bytes"])),
        "for": spell(timedelta(seconds=_number(wish["seconds"]))),
        **{name: str(text) for name, text in free.items()},
    }


def _publishing(reading: Reading, wish: Wish) -> dict[str, str]:
    artifact, _, number = str(wish["version"]).partition("/")
    return {"model": f"{_model(reading, artifact)}@{number}"}


def _caps(reading: Reading, wish: Wish) -> dict[str, str]:
    models = [_model(reading, str(root)) for root in _list(wish["roots"])]
    return {
        "model": ", ".join(models),
        "caps": f"{wish['person']} % a person, {wish['pair']} % a pair",
    }


def _new_account(_: Reading, wish: Wish) -> dict[str, str]:
    return {"account": f"{wish['name']} ({wish['kind']})", **_roles(wish)}


def _new_roles(reading: Reading, wish: Wish) -> dict[str, str]:
    account = ACCOUNTS.get(reading, AccountId(str(wish["account"])))
    return {"account": account.name, **_roles(wish)}


def _roles(wish: Wish) -> dict[str, str]:
    roles = ", ".join(str(role) for role in _list(wish["roles"])) or "none"
    return {"team": str(wish["team"]), "roles": roles}


def _model(reading: Reading, identifier: str) -> str:
    artifact = find_artifact(reading, identifier)
    return artifact.name if artifact is not None else words.short(identifier)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0


_DESCRIBE: Final[Mapping[str, Callable[[Reading, Wish], dict[str, str]]]] = {
    "segment:release": _release,
    "model:publish": _publishing,
    "cap:change": _caps,
    "account:create": _new_account,
    "role:change": _new_roles,
}
