"""A version drawn: its segments by share of bytes, and what thieves would see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from strongroom.cli import words
from strongroom.cli.output import ACCENT, plain_table, print_list
from strongroom.vault.manifest import Manifest
from strongroom.vault.manifest_segment import ManifestSegment

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from strongroom.canonical import Json

BAR_CELLS: Final = 16
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_STYLES: Final = {"architecture": "bold", "biases": "dim", "weights": ACCENT}
_HOLDS: Final = {
    "architecture": "configuration, names, shapes",
    "biases": "one-dimensional tensors",
    "weights": "weights",
}


def segments_document(manifest: Manifest) -> list[Json]:
    """Return the segments of a version for programs."""
    return [
        {
            "id": segment.id,
            "name": segment.name,
            "part": segment.part,
            "domain": segment.domain,
            "custodians": list(segment.custodians),
            "plain_bytes": segment.facts.plain_bytes,
            "sealed_bytes": segment.facts.length,
            "object": segment.facts.object_name,
        }
        for segment in manifest.segments
    ]


def thieves_document(manifest: Manifest, missing: Sequence[str]) -> dict[str, Json]:
    """Return what the theft of each domain, and of the disk, would reveal."""
    return {
        "disk": {
            "objects": len(manifest.segments),
            "sealed_bytes": sum(s.facts.length for s in manifest.segments),
            "plain_bytes": 0,
        },
        "domains": {
            domain: {
                "segments": [s.name for s in segments],
                "plain_bytes": _bytes(segments),
            }
            for domain, segments in _by_domain(manifest).items()
        },
        "missing_separations": list(missing),
    }


def draw_segments(console: Console, manifest: Manifest) -> None:
    """Print a bar for each segment, with its part and custody domain beside it."""
    largest = max(s.facts.plain_bytes for s in manifest.segments)
    total = _bytes(manifest.segments)  # the files, and the map of where they lie
    table = plain_table(
        ("segment", False),
        ("", False),
        ("bytes", True),
        ("share", True),
        ("holds", False),
        ("domain", False),
    )
    for segment in manifest.segments:
        count = segment.facts.plain_bytes
        table.add_row(
            segment.name,
            bar(count, largest, style=_STYLES[segment.part]),
            words.size(count),
            words.percent(count, total),
            segment.part,
            " + ".join(segment.custodians),
        )
    console.print(table)


def draw_thieves(console: Console, manifest: Manifest, missing: Sequence[str]) -> None:
    """Print what the theft of the disk, or of one domain, would reveal."""
    sealed = sum(s.facts.length for s in manifest.segments)
    count = words.many(len(manifest.segments), "object")
    table = plain_table(("a thief of", False), ("reads", True), ("and that is", False))
    table.add_row("the disk", "0.0 %", f"{count}, {words.size(sealed)} of ciphertext")
    for domain, segments in _by_domain(manifest).items():
        parts = dict.fromkeys(segment.part for segment in segments)
        table.add_row(
            f"{domain} and its passphrase",
            words.percent(_bytes(segments), _bytes(manifest.segments)),
            "everything"
            if len(segments) == len(manifest.segments)
            else "; ".join(_HOLDS[part] for part in parts)
            or "nothing without another custodian",
        )
    console.print(table)
    print_list(console, "Not separated here:", missing)


def bar(part: int, whole: int, *, cells: int = BAR_CELLS, style: str = ACCENT) -> Text:
    """Return a bar of ``part`` of ``whole``; something shows unless it is nothing."""
    from rich.text import Text

    eighths = min(8 * cells, -(-8 * cells * part // whole)) if whole else 0
    full, rest = divmod(eighths, 8)
    return Text("█" * full + (_EIGHTHS[rest] if rest else ""), style=style)


def _by_domain(manifest: Manifest) -> Mapping[str, list[ManifestSegment]]:
    """Return what each domain alone reveals; what needs two is in none of them."""
    found: dict[str, list[ManifestSegment]] = {
        name: [] for segment in manifest.segments for name in segment.custodians
    }
    for segment in manifest.segments:
        if len(segment.custodians) == 1:
            found[segment.domain].append(segment)
    return found


def _bytes(segments: Sequence[ManifestSegment]) -> int:
    return sum(segment.facts.plain_bytes for segment in segments)
