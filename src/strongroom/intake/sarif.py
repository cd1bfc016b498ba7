"""A report as SARIF 2.1.0, which code hosts and editors show beside the file.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0, sections 3.13 to 3.27.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from strongroom.canonical import Json

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_HELP = "docs/reference/intake-rules.md"


def sarif_log(report: Mapping[str, Json]) -> dict[str, Json]:
    """Return the log of one run over the files of a report.

    Args:
        report: As ``verdicts.Verdict.document``.
    """
    findings = [one for one in _list(report["findings"]) if isinstance(one, Mapping)]
    files = [one for one in _list(report["files"]) if isinstance(one, Mapping)]
    rules = sorted({str(finding["rule"]) for finding in findings})
    driver: dict[str, Json] = {
        "name": "Strongroom intake",
        "version": str(report["reader"]),
        "rules": [{"id": rule, "helpUri": _HELP} for rule in rules],
    }
    run: dict[str, Json] = {
        "tool": {"driver": driver, **_advisers(report)},
        "artifacts": [_artifact(file) for file in files],
        "results": [_result(finding) for finding in findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _advisers(report: Mapping[str, Json]) -> dict[str, Json]:
    """Return a component for each adviser that was asked, if any was."""
    asked = [one for one in _list(report.get("advisers")) if isinstance(one, Mapping)]
    components: list[Json] = [
        {
            "name": one["name"],
            "properties": {key: one[key] for key in ("answer", "answered", "alarming")},
            **({"version": one["version"]} if one["version"] else {}),
        }
        for one in asked
    ]
    return {"extensions": components} if components else {}


def _artifact(file: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "location": {"uri": _uri(str(file["path"]))},
        "length": file["bytes"],
        "hashes": {"sha-256": file["sha256"]},
    }


def _result(finding: Mapping[str, Json]) -> dict[str, Json]:
    result: dict[str, Json] = {
        "ruleId": finding["rule"],
        "level": finding["level"],
        "message": {"text": finding["message"]},
    }
    path, place = str(finding["path"]), str(finding["place"])
    if path:
        location: dict[str, Json] = {
            "physicalLocation": {"artifactLocation": {"uri": _uri(path)}}
        }
        if place:
            location["logicalLocations"] = [{"name": place}]
        result["locations"] = [location]
    return result


def _uri(path: str) -> str:
    return quote(path)


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else []
