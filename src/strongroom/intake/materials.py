"""A bill of materials of one intake, for tools that collect them.

CycloneDX 1.6: the model that was written, its files, and those it was written from as
its ancestors; what was found stands among the properties.

Source: ECMA-424; ``machine-learning-model`` among the types of components.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType, Pedigree
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from strongroom.canonical import Json
from strongroom.intake.attestations import input_files, listed_findings, output_files
from strongroom.intake.intakes import Intake


def bill_of_materials(intake: Intake, report: Mapping[str, Json]) -> str:
    """Return the bill as JSON; the same for the same intake and report.

    Args:
        intake: That was examined.
        report: Of it, as it is kept.

    Raises:
        ConflictError: The report is from before it had digests of what was written.
    """
    model = Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=intake.id,
        version=intake.digest,
        bom_ref=intake.id,
        purl=_purl(report.get("origin")),
        components=_files("output", output_files(report)),
        pedigree=Pedigree(ancestors=_files("input", input_files(report))),
        properties=[Property(name=n, value=v) for n, v in _facts(intake, report)],
    )
    bill = Bom(
        serial_number=uuid.UUID(hex=intake.report[:32], version=4),
        metadata=BomMetaData(component=model, timestamp=intake.added_at),
    )
    return JsonV1Dot6(bill).output_as_string(indent=2)


def _files(prefix: str, files: Iterable[tuple[str, str]]) -> list[Component]:
    return [
        Component(
            type=ComponentType.FILE,
            name=path,
            bom_ref=f"{prefix}:{path}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)],
        )
        for path, sha256 in files
    ]


def _purl(origin: Json) -> PackageURL | None:
    """Return the place on a hub that files are from, if one is known."""
    if not isinstance(origin, Mapping):
        return None
    publisher, _, name = str(origin.get("repository", "")).partition("/")
    commit = str(origin.get("commit", ""))
    if not name or not commit:
        return None
    return PackageURL("huggingface", publisher, name, commit)


def _facts(
    intake: Intake, report: Mapping[str, Json]
) -> Iterable[tuple[str, str | None]]:
    yield "strongroom:state", intake.state.value
    yield "strongroom:report", intake.report
    yield "strongroom:reader", str(report.get("reader"))
    yield "strongroom:policy", str(report.get("policy"))
    for finding in listed_findings(report):
        said = [str(finding.get(name) or "-") for name in ("level", "rule", "path")]
        yield "strongroom:finding", " ".join(said)
