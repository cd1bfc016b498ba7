"""Kinds of events about what comes in from outside."""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.ledger.kind import Kind

INTAKE_KINDS: Mapping[str, Kind] = {
    "intake.received": Kind(
        "Files from outside were copied into quarantine.",
        ("intake", "digest", "files", "bytes", "vouched", "expires"),
        ("path", "origin", "name"),
        (6005, 6),
    ),
    "intake.fetching": Kind(
        "Files of a commit are about to be fetched from a hub.",
        (
            "publisher",
            "repository",
            "commit",
            "endpoint",
            "hosts",
            "bytes",
            "files",
        ),
        (),
        (6005, 6),
    ),
    "intake.asking": Kind(
        "A hub is about to be asked what is newer than what was admitted from it.",
        ("endpoint", "repositories"),
        (),
        (6005, 6),
    ),
    "intake.held": Kind(
        "The original was sealed; nobody can ask for it.",
        ("intake", "artifact", "version", "manifest"),
        (),
        (6005, 9),
    ),
    "intake.examined": Kind(
        "A sandbox read the files, and re-wrote them or said why not.",
        (
            "intake",
            "verdict",
            "report",
            "reader",
            "kinds",
            "rules",
            "globals",
            "listed",
            "operators",
            "templates",
            "tensors",
            "outputs",
            "advisers",
            "review",
            "vouched",
            "signer",
            "left_out",
        ),
        (),
        (2004, 1),
    ),
    "intake.sealed": Kind(
        "What was re-written is sealed as a version that waits to be accepted.",
        ("intake", "artifact", "version", "manifest"),
        (),
        (6005, 9),
    ),
    "intake.accepted": Kind(
        "Somebody accepted what was re-written.",
        ("intake", "artifact", "version", "request"),
        (),
        (6003, 3),
    ),
    "intake.refused": Kind(
        "Somebody, or a change of rules, refused what had come in.",
        ("intake", "version"),
        ("reason",),
        (6003, 3),
    ),
    "intake.recalled": Kind(
        "A version has to be looked at again; until then no key of it is released.",
        ("intake", "artifact", "version", "advisory"),
        ("reason",),
        (6005, 99),
    ),
    "intake.advised": Kind(
        "A newer bundle of advisories was taken.",
        ("number", "digest", "issued", "expires", "advisories"),
        (),
        (6003, 3),
    ),
    "intake.reaudited": Kind(
        "What was admitted was judged again by the newest bundle of advisories.",
        ("number", "judged", "hits", "recalled", "rules"),
        (),
        (2004, 1),
    ),
    "issuer.replaced": Kind(
        "Advisories come from somebody else: nothing by the former key is taken.",
        ("issuer", "former", "number", "request"),
        (),
        (3004, 3),
    ),
    "intake.reopened": Kind(
        "The keys of a held original leave for readers of a later version.",
        ("intake", "artifact", "version", "reader"),
        (),
        (6005, 10),
    ),
    "intake.reread": Kind(
        "Readers of a later version read an original again, and it was compared.",
        (
            "intake",
            "reader",
            "outcome",
            "report",
            "previous",
            "differences",
            "hits",
            "recalled",
        ),
        (),
        (2004, 1),
    ),
    "source.listed": Kind(
        "A source is expected: who names it has digests and signature checked.",
        (
            "vouched",
            "publisher",
            "repository",
            "commit",
            "digests",
            "sums",
            "signers",
            "request",
        ),
        ("name",),
        (3004, 1),
    ),
    "source.removed": Kind(
        "A source is not expected any more.",
        ("vouched",),
        (),
        (3004, 4),
    ),
    "intake.expired": Kind(
        "The original was given up with its keys.",
        ("intake", "artifact", "version"),
        (),
        (6005, 4),
    ),
}
"""Part of ``kinds.KINDS``."""
