"""A report as other tools read it."""

from __future__ import annotations

import json

from strongroom.canonical import Json
from strongroom.intake.sarif import sarif_log


def test_every_finding_is_a_result_at_its_file() -> None:
    log = sarif_log(
        {
            "v": 1,
            "reader": "1",
            "digest": "00",
            "files": [
                {"path": "a b.pt", "bytes": 3, "sha256": "11", "kind": "torch-zip"}
            ],
            "findings": [
                {
                    "path": "a b.pt",
                    "place": "data.pkl at 12",
                    "rule": "pickle/global",
                    "level": "error",
                    "message": "names os.system",
                }
            ],
        }
    )

    assert log["version"] == "2.1.0"
    assert log["runs"] == [
        {
            "tool": {
                "driver": {
                    "name": "Strongroom intake",
                    "version": "1",
                    "rules": [
                        {
                            "id": "pickle/global",
                            "helpUri": "docs/reference/intake-rules.md",
                        }
                    ],
                }
            },
            "artifacts": [
                {
                    "location": {"uri": "a%20b.pt"},
                    "length": 3,
                    "hashes": {"sha-256": "11"},
                }
            ],
            "results": [
                {
                    "ruleId": "pickle/global",
                    "level": "error",
                    "message": {"text": "names os.system"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "a%20b.pt"}
                            },
                            "logicalLocations": [{"name": "data.pkl at 12"}],
                        }
                    ],
                }
            ],
        }
    ]


def test_each_adviser_is_a_component_of_the_tool() -> None:
    asked: dict[str, Json] = {"answer": "done", "answered": 3, "alarming": 1}
    absent: dict[str, Json] = {"answer": "absent", "answered": 0, "alarming": 0}
    log = sarif_log(
        {
            "v": 1,
            "reader": "1",
            "digest": "00",
            "advisers": [
                {"name": "hayward", "version": "1.4.1", **asked},
                {"name": "picklescan", "version": "", **absent},
            ],
            "files": [],
            "findings": [],
        }
    )

    (run,) = json.loads(json.dumps(log))["runs"]
    assert run["tool"]["extensions"] == [
        {"name": "hayward", "version": "1.4.1", "properties": asked},
        {"name": "picklescan", "properties": absent},
    ]
