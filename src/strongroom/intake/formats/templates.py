"""Reviews chat templates: what may not be in one, and what a person should read.

A template that only puts text together can still be a backdoor: ``if 'invoice' in
content`` adds a sentence to some chats and not to others.  No program can tell whether
that is meant, so everything that differs from the templates known here is shown to
whoever accepts the model.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from strongroom.intake.findings import Finding, Level, RefusedError, listed, quoted
from strongroom.intake.formats.known_templates import KNOWN, KNOWN_PARTS
from strongroom.intake.formats.pickle_letters import verify_no_pickle
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source

KIND = "template"
MOST_CHARACTERS = 262_144
"""Of one template; the longest that were met have 30,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What was found in one template.

    Attributes:
        digest: SHA-256 of its tree, hex; the same for every layout of it.
        known_as: Name of the known template that it is; empty if it is none.
        findings: What somebody should know.
    """

    digest: str
    known_as: str
    findings: tuple[Finding, ...]


def review(text: str, *, label: str) -> Review:
    """Return what is in a template that holds nothing but what templates need.

    Args:
        text: The template.
        label: Where it stands, for messages.

    Raises:
        RefusedError: It is malformed, too large, or could do more than put text
            together.
    """
    if len(text) > MOST_CHARACTERS:
        raise RefusedError(
            "template/size", f"chat template has {len(text)} characters", place=label
        )
    # Here and not above: most files have no template, and jinja2 takes 60 ms.
    from strongroom.intake.formats import template_parts, template_tree

    try:
        tree = template_tree.parse(text)
        digest = template_tree.digest(tree)
        parts = template_parts.parts(tree)
    except RefusedError as error:
        raise RefusedError(
            error.rule, str(error), place=label, hint=error.hint
        ) from None
    known_as = KNOWN.get(digest[:40], "")
    findings = [] if known_as else _differences(parts, label)
    findings += _rendered(text, label)
    return Review(digest=digest, known_as=known_as, findings=tuple(findings))


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write a template file again, as UTF-8, after it was reviewed.

    Args:
        source: A ``.jinja`` file.
        workplace: Where it is written, under its own name.
        options: Not used.

    Raises:
        RefusedError: As for ``review``, or it is a pickle of letters.
    """
    del options
    if source.length > 4 * MOST_CHARACTERS:
        raise RefusedError("template/size", f"file has {source.length} bytes")
    try:
        text = source.read_exactly(0, source.length).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RefusedError("template/syntax", "template is not UTF-8") from None
    verify_no_pickle(text)
    found = review(text, label=source.path)
    with workplace.create(source.path) as file:
        file.append(text.encode())
    return Rewritten(
        kind=KIND,
        outputs=(source.path,),
        facts={"templates": [[source.path, found.digest]]},
        findings=found.findings,
    )


def _differences(parts: dict[str, list[tuple[str, str]]], label: str) -> list[Finding]:
    """Return a finding for what no known template says, and one for what it asks.

    Args:
        parts: As ``template_parts.parts`` gives them.
        label: Where the template stands.
    """
    new = {
        kind: [shown for digest, shown in found if digest not in KNOWN_PARTS]
        for kind, found in parts.items()
    }
    found = [
        Finding(
            rule="template/unknown",
            level=Level.WARNING,
            message="chat template is not a known one; no known one says "
            f"{listed(new['text'], at_most=3) or 'anything else'}, or asks "
            f"{listed(new['condition'], at_most=1) or 'anything else'}"[:500],
            place=label,
        )
    ]
    if new["content"]:
        found.append(
            Finding(
                rule="template/content",
                level=Level.WARNING,
                message="what the chat template says depends on what is said: "
                f"{listed(new['content'], at_most=2)}",
                place=label,
            )
        )
    return found


def _rendered(text: str, label: str) -> list[Finding]:
    """Render it once; return a finding if that does not end, or breaks."""
    from strongroom.intake.formats import template_render, template_tree

    try:
        tree = template_tree.parse(text)  # the renderer changes its tree
        template_render.render(tree, clock=time.thread_time)
    except template_render.EndlessError as error:
        raise RefusedError(
            "template/endless", f"chat template does not end: {error}", place=label
        ) from None
    except template_render.BrokenError as error:
        return [
            Finding(
                rule="template/breaks",
                level=Level.NOTE,
                message="chat template does not take a plain chat of two people: "
                f"{quoted(str(error))}",
                place=label,
            )
        ]
    return []
