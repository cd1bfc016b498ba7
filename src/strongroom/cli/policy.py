"""The rules: whether they hold together, and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import plain_grid, plain_table, print_list, text
from strongroom.errors import IntegrityError
from strongroom.types import Profile

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.access.policy import Decision
    from strongroom.access.terms import TermsTable
    from strongroom.canonical import Json

RULES = Annotated[
    Path | None, typer.Option(help="Files of rules, not the room's.", metavar="DIR")
]
PROFILE = Annotated[
    Profile | None, typer.Option(help="Not the room's; then none is needed.")
]


def check(call: Call, rules: RULES = None, profile: PROFILE = None) -> None:
    """Check that rules and terms hold together, and say what is lacking.

    Shows what each class asks for, and which separations are not in force.

    Example: strongroom policy check --profile standard
    """
    from strongroom.access.policy import Policy
    from strongroom.access.terms_file import load_terms

    missing = _missing(call, profile)
    profile, folder = _which(call, profile, rules)
    policy = Policy.load(profile, folder)
    terms = load_terms(profile, folder=folder)
    document: dict[str, Json] = {
        "profile": profile,
        "digest": policy.digest,
        "permits": [r.id for r in policy.rules if r.effect == "permit"],
        "prohibitions": [r.id for r in policy.rules if r.effect == "forbid"],
        "classes": {
            name: {
                "approvals": of.approvals,
                "teams": of.distinct_teams,
                "second_factor_required": of.second_factor_required,
                "purpose_required": of.purpose_required,
                "wait_seconds": int(of.wait.total_seconds()),
                "person_cap_percent": of.person_cap_percent,
                "pair_cap_percent": of.pair_cap_percent,
            }
            for name, of in terms.classes.items()
        },
        "missing_separations": list(missing),
    }

    def show(console: Console) -> None:
        count = words.many(len(policy.rules), "rule")
        console.print(f"{count} of {profile} parse and fit the schema", style="bold")
        console.print(f"digest {policy.digest}\n", style="dim")
        _show_terms(console, terms)
        print_list(console, "Not separated here:", missing)

    call.output.answer(document, show)


def explain(
    call: Call,
    *,
    action: Annotated[
        str, typer.Argument(metavar="ACTION", help="Such as model:seal.")
    ],
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Model, request, permit, account.")
    ] = "",
    segment: Annotated[
        list[str] | None,
        typer.Option(help="One of them; all unless given.", metavar="NAME"),
    ] = None,
) -> None:
    """Say which rule would allow or deny you something now, and what would.

    Nothing is done and nothing recorded.

    Example: strongroom policy explain request:create tiny --segment biases
    """
    from strongroom.access.policy import Allow
    from strongroom.client.explaining import explain as decide

    with call.open() as room:
        decision = decide(
            room.room, room.actor, action, name, segments=tuple(segment or ())
        )
    if isinstance(decision, Allow):
        document: dict[str, Json] = {
            "action": action,
            "allowed": True,
            "rules": list(decision.rules),
        }
    else:
        document = {
            "action": action,
            "allowed": False,
            "rules": list(decision.reasons),
            "reasons": list(decision.sentences),
            "nearest": decision.nearest,
            "would_allow": list(decision.would_allow),
        }
    call.output.answer(document, lambda console: _show(console, action, decision))


def test(
    call: Call,
    *,
    questions: Annotated[
        Path, typer.Argument(metavar="FILE", help="Questions and answers, TOML.")
    ],
    rules: RULES = None,  # noqa: PT028  it is a command, not a test
    profile: PROFILE = None,  # noqa: PT028
) -> None:
    """Hold the rules to questions with the answers that they must give.

    Example: strongroom policy test questions.toml --profile standard
    """
    from strongroom.access.policy import Policy
    from strongroom.cli.questions import ask_all, read_questions

    profile, folder = _which(call, profile, rules)
    policy = Policy.load(profile, folder)
    rows = ask_all(policy, read_questions(questions))
    wrong = [row for row in rows if not row["ok"]]
    if call.output.json:
        for row in rows:
            call.output.line(row)
    else:
        console = call.output.console()
        for row in wrong:
            console.print(f"wrong: {text(str(row['name']))}: {text(str(row['why']))}")
        good = len(rows) - len(wrong)
        console.print(f"{good} of {words.many(len(rows), 'answer')} as expected")
    if wrong:
        raise IntegrityError(
            f"{words.many(len(wrong), 'answer')} differ from what is expected",
            hint="mend the rules, or the questions",
        )


def _which(
    call: Call, profile: Profile | None, rules: Path | None
) -> tuple[Profile, Path | None]:
    """Return the profile and the folder of rules: the room's unless named."""
    if profile is not None:
        return profile, rules
    settings = call.settings()
    return settings.profile, rules or settings.policy_folder


def _missing(call: Call, profile: Profile | None) -> list[str]:
    """Return what the room, or a new one of this profile, does not separate.

    Second factors are not counted: that takes the passphrase.
    """
    from strongroom.access.separations import missing_separations
    from strongroom.app.founding import DOMAINS

    if profile is None:
        settings = call.settings()
        profile, domains = settings.profile, len(settings.domains)
    else:
        domains = len(DOMAINS[profile])
    return missing_separations(profile, domains=domains, embedded=True, witness=False)


def _show(console: Console, action: str, decision: Decision) -> None:
    from strongroom.access.policy import Allow

    if isinstance(decision, Allow):
        console.print(f"{action}: allowed", style="bold")
        console.print(f"  by {', '.join(decision.rules)}")
        return
    console.print(f"{action}: denied", style="bold")
    names = decision.reasons or (decision.nearest or "no rule",)
    grid = plain_grid()
    for rule, sentence in zip(names, decision.sentences, strict=False):
        grid.add_row(f"  {rule}", text(sentence))
    console.print(grid)
    print_list(console, "What would allow it, all of it:", decision.would_allow)


def _show_terms(console: Console, terms: TermsTable) -> None:
    table = plain_table(
        ("class", False),
        ("agree", True),
        ("teams", True),
        ("person", True),
        ("pair", True),
        ("factor", True),
        ("at most", True),
        ("wait", True),
    )
    from strongroom.access.explain import spell

    for name, of in terms.classes.items():
        table.add_row(
            f"{name}{' (default)' if name is terms.default_class else ''}",
            str(of.approvals),
            str(of.distinct_teams),
            "-" if of.person_cap_percent is None else f"{of.person_cap_percent} %",
            "-" if of.pair_cap_percent is None else f"{of.pair_cap_percent} %",
            "yes" if of.second_factor_required else "-",
            spell(of.max_duration),
            spell(of.wait) if of.wait else "-",
        )
    console.print(table)
