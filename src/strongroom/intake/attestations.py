"""What an outsider is told of an intake: two statements in DSSE envelopes, signed.

One says what came in and what was found; the other which files were written from it.
Both are signed by the room's manifest key.  What it signs else begins with the length
of a tag, and this with ``DSSEv1``, so that neither is ever taken for the other.

Source: in-toto Statement v1; SLSA provenance v1; ``docs/specification/intake.md``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence

from strongroom import canonical
from strongroom.canonical import Json
from strongroom.crypto.signing import SigningKey
from strongroom.errors import ConflictError
from strongroom.intake.dsse import IN_TOTO, preauthentication_encoding
from strongroom.intake.findings import Level
from strongroom.intake.intakes import Intake
from strongroom.intake.statements import STATEMENT

VERDICT = "strongroom:intake-verdict/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
REWRITING = "strongroom:rewriting/v1"

_OUTPUT_FIELDS = 3


def attest(intake: Intake, report: Json, key: SigningKey) -> dict[str, bytes]:
    """Return signed statements by the names of their files.

    Args:
        intake: That was examined.
        report: Of it, as it is kept.
        key: Signs.

    Raises:
        ConflictError: The report is from before it had digests of what was written.
    """
    document = _mapping(report)
    statements = {"verdict.dsse.json": _verdict(intake, document)}
    if not _is_refused(document):
        builder = f"strongroom:key/{key.public.key_id}"
        statements["rewriting.dsse.json"] = _rewriting(intake, document, builder)
    return {name: _envelope(each, key) for name, each in statements.items()}


def _envelope(statement: Mapping[str, Json], key: SigningKey) -> bytes:
    payload = canonical.to_json(statement)
    signature = key.sign_bytes(preauthentication_encoding(IN_TOTO, payload))
    return canonical.to_json(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": IN_TOTO,
            "signatures": [
                {
                    "keyid": key.public.key_id,
                    "sig": base64.b64encode(signature).decode(),
                }
            ],
        }
    )


def _verdict(intake: Intake, report: Mapping[str, Json]) -> dict[str, Json]:
    """Return the statement on what came in, whatever became of it since."""
    findings = listed_findings(report)
    word = "review" if intake.review else "passed"
    kept = ("path", "place", "rule", "level")
    return {
        "_type": STATEMENT,
        "subject": _described(input_files(report)),
        "predicateType": VERDICT,
        "predicate": {
            "intake": intake.id,
            "digest": intake.digest,
            "origin": report.get("origin"),
            "report": intake.report,
            "reader": report.get("reader"),
            "policy": report.get("policy"),
            "verdict": "refused" if _is_refused(report) else word,
            "review": list(intake.review),
            "findings": [{name: one.get(name) for name in kept} for one in findings],
        },
    }


def _rewriting(
    intake: Intake, report: Mapping[str, Json], builder: str
) -> dict[str, Json]:
    """Return the statement on what was written, and from what."""
    return {
        "_type": STATEMENT,
        "subject": _described(output_files(report)),
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": {
                "buildType": REWRITING,
                "externalParameters": {"intake": intake.id},
                "internalParameters": {"policy": report.get("policy")},
                "resolvedDependencies": _described(input_files(report)),
            },
            "runDetails": {
                "builder": {
                    "id": builder,
                    "version": {"strongroom-readers": _version(report)},
                },
                "metadata": {"invocationId": intake.report},
            },
        },
    }


def _is_refused(report: Mapping[str, Json]) -> bool:
    findings = listed_findings(report)
    return any(finding.get("level") == Level.ERROR for finding in findings)


def _version(report: Mapping[str, Json]) -> str:
    return str(report.get("reader")).rpartition(" ")[2]


def input_files(report: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Return path and hexadecimal SHA-256 of every file that came in."""
    files = _mappings(report.get("files"))
    return [(str(file.get("path")), str(file.get("sha256"))) for file in files]


def output_files(report: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Return path and hexadecimal SHA-256 of every file that was written.

    Raises:
        ConflictError: The report is from before it had these digests.
    """
    found: list[tuple[str, str]] = []
    for file in _mappings(report.get("files")):
        for one in _lists(file.get("outputs")):
            if len(one) != _OUTPUT_FIELDS:
                raise ConflictError(
                    "it was examined before digests of what is written were kept",
                    hint="strongroom intake add PATH --again",
                )
            found.append((str(one[0]), str(one[2])))
    return found


def listed_findings(report: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Return the findings of a report, as they are kept."""
    return _mappings(report.get("findings"))


def _described(files: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in files]


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Json) -> list[Mapping[str, Json]]:
    listed = value if isinstance(value, list | tuple) else ()
    return [one for one in listed if isinstance(one, Mapping)]


def _lists(value: Json) -> list[Sequence[Json]]:
    listed = value if isinstance(value, list | tuple) else ()
    return [one for one in listed if isinstance(one, list | tuple)]
