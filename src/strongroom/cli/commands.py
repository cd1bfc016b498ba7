"""Every command by name; its code is loaded when it is used.

``strongroom --help`` loads none of them: it shows the summaries that stand here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

HELP_WIDTH: Final = 80


@dataclass(frozen=True, slots=True)
class Leaf:
    """A command.

    Attributes:
        place: ``module:function`` below ``strongroom.cli``.
        summary: First line of its help.
    """

    place: str
    summary: str


@dataclass(frozen=True, slots=True)
class Branch:
    """Commands about one thing."""

    summary: str
    leaves: Mapping[str, Leaf | Branch]


SECTIONS: Final[Mapping[str, Mapping[str, Leaf | Branch]]] = {
    "Start": {
        "demo": Leaf("demo:demo", "Watch thefts fail, on real weights"),
        "init": Leaf("rooms:init", "Make a room"),
        "custodian": Branch(
            "What keeps root keys: files, tokens, processes",
            {
                "create": Leaf("custodians:create", "Make a custodian to be served"),
                "passphrase": Leaf(
                    "custodians:passphrase", "Change the passphrase of a custody file"
                ),
                "list": Leaf("custodians:list_", "List custodians, or tokens"),
                "serve": Leaf("custodians:serve", "Let another account's desk ask one"),
            },
        ),
        "key": Branch(
            "Keys of the room, and what they protect",
            {
                "rotate": Leaf("keys:rotate", "Give a domain another root key"),
                "inventory": Leaf("inventory:inventory", "List every key and its age"),
                "shred": Leaf("shredding:shred", "Give up keys, for ever"),
                "rekey": Leaf("keys:rekey", "Seal a version anew under other keys"),
            },
        ),
        "clean": Leaf("upkeep:clean", "Remove what interrupted seals left"),
        "upgrade": Leaf("upkeep:upgrade", "Bring the database to the newest form"),
        "recovery": Branch(
            "Papers that restore a room without its custodians",
            {
                "create": Leaf("recovery:create", "Make a recovery key, on papers"),
                "wrap": Leaf("recovery:wrap", "Wrap what is not wrapped to it yet"),
                "status": Leaf("recovery:status", "Show what could be restored"),
                "drill": Leaf(
                    "restoring:drill", "Restore into a folder that is thrown away"
                ),
                "restore": Leaf(
                    "restoring:restore", "Restore a room from papers and copies"
                ),
            },
        ),
    },
    "Weights": {
        "seal": Leaf("sealing:seal", "Seal a file or folder as a model's next version"),
        "open": Leaf("opening:open_", "Open segments, on a permit or with a purpose"),
        "model": Branch(
            "Models and their versions",
            {
                "list": Leaf("models:list_", "List the models"),
                "show": Leaf("models:show", "Show where the segments of a version lie"),
                "versions": Leaf("models:versions", "List the versions of a model"),
                "verify": Leaf("models:verify", "Check that a version is as sealed"),
                "rollback": Leaf("models:rollback", "Let main or prod name a version"),
                "caps": Leaf("models:caps", "Ask for other exposure caps"),
            },
        ),
        "exposure": Leaf("exposures:exposure", "Show who holds how much of a model"),
    },
    "Decisions": {
        "request": Leaf("requests:request", "Ask for segments"),
        "requests": Leaf("requests:requests", "List the requests that wait"),
        "approve": Leaf("approving:approve", "Agree to a request"),
        "decline": Leaf("requests:decline", "Refuse a request for good"),
        "withdraw": Leaf("requests:withdraw", "Take your own request back"),
        "revoke": Leaf("requests:revoke", "Stop every further release on a permit"),
        "review": Branch(
            "What others opened, and who may reach what",
            {
                "breakglass": Leaf(
                    "breakglass:review", "Review an opening past the approvals"
                ),
                "access": Branch(
                    "Who keeps which membership and role",
                    {
                        "start": Leaf("reviews:start", "Ask for everybody"),
                        "list": Leaf("reviews:list_", "List what waits for an answer"),
                        "keep": Leaf("reviews:keep", "Let somebody keep it"),
                        "remove": Leaf("reviews:remove", "Take it away at once"),
                    },
                ),
            },
        ),
        "policy": Branch(
            "The rules, and what they say",
            {
                "check": Leaf(
                    "policy:check", "Check the rules and say what is lacking"
                ),
                "explain": Leaf("policy:explain", "Say which rules decide, and why"),
                "profile": Leaf("growing:profile", "Ask for another profile"),
                "test": Leaf("policy:test", "Hold the rules to questions and answers"),
                "signatures": Leaf(
                    "signatures:switch", "Switch second signatures on or off"
                ),
            },
        ),
    },
    "Evidence": {
        "ledger": Branch(
            "What happened, with proof",
            {
                "tail": Leaf("ledger:tail", "Show the newest entries"),
                "show": Leaf("ledger:show", "Show one entry"),
                "verify": Leaf("ledger:verify", "Check the whole ledger"),
                "prove": Leaf("ledger:prove", "Write a proof of one entry"),
                "export": Leaf("ledger:export", "Write the ledger for outsiders"),
                "witness": Branch(
                    "Witnesses, who keep checkpoints elsewhere",
                    {
                        "init": Leaf("witness:init", "Make a witness"),
                        "watch": Leaf("witness:watch", "Let it watch a ledger"),
                        "cosign": Leaf("witness:cosign", "Answer one request"),
                        "serve": Leaf("witness:serve", "Answer on a Unix socket"),
                        "add": Leaf("witnesses:add", "Add a witness to the room"),
                        "pin": Leaf("witnesses:pin", "Pin an edited policy"),
                        "ask": Leaf("witnesses:ask", "Have the witnesses sign"),
                        "request": Leaf("witnesses:request", "Write what to ask"),
                        "accept": Leaf("witnesses:accept", "Keep what one answered"),
                    },
                ),
            },
        ),
    },
    "People": {
        "login": Leaf("logins:login", "Log in"),
        "logout": Leaf("logins:logout", "Log out"),
        "account": Branch(
            "Accounts and second factors",
            {
                "list": Leaf("accounts:list_", "List the accounts"),
                "show": Leaf("accounts:show", "Show what decisions read of an account"),
                "add": Leaf("accounts:add", "Ask for a new account"),
                "invite": Leaf("accounts:invite", "Make an invitation to enrol"),
                "roles": Leaf("accounts:roles", "Ask for other roles of an account"),
                "suspend": Leaf("accounts:suspend", "Suspend an account"),
                "resume": Leaf("accounts:resume", "Let a suspended account act again"),
                "leave": Leaf("accounts:leave", "Close an account for good"),
                "training": Branch(
                    "Courses that people took",
                    {
                        "add": Leaf("training:add", "Record a course"),
                        "remove": Leaf("training:remove", "Let it count no longer"),
                    },
                ),
                "acknowledge": Leaf("training:acknowledge", "Say that you know a text"),
                "drill": Leaf("figures:drill", "Measure how soon a revocation is felt"),
                "erase": Leaf("erasing:erase", "Erase name and text of who left"),
                "enrol": Leaf("enrolment:enrol", "Enrol with an invitation"),
                "factor": Leaf("enrolment:factor", "Begin a new second factor"),
                "confirm": Leaf("enrolment:confirm", "Confirm a second factor"),
                "passkey": Branch(
                    "Passkeys and security keys",
                    {
                        "add": Leaf("passkeys:add", "Register a security key"),
                        "list": Leaf("passkeys:list_", "List passkeys"),
                        "remove": Leaf("passkeys:remove", "Give up a passkey"),
                    },
                ),
            },
        ),
        "project": Branch(
            "Projects and their members",
            {
                "list": Leaf("projects:list_", "List the projects"),
                "add": Leaf("projects:add", "Create a project"),
                "member": Leaf("projects:member", "Let an account belong to a project"),
            },
        ),
    },
}


def whole_command() -> TyperGroup:
    """Return ``strongroom`` with everything below it, nothing of it loaded."""
    from strongroom.cli.call import version_option

    return LazyGroup(
        name="strongroom",
        sections=SECTIONS,
        help="Keep model weights from leaving, and prove every opening.",
        epilog="strongroom COMMAND --help shows an example of each.",
        params=[version_option()],
    )


def every_leaf() -> Iterator[tuple[tuple[str, ...], Leaf]]:
    """Give each command with the words that call it, in the order of the help."""
    for section in SECTIONS.values():
        yield from leaves_of(section)


def leaves_of(
    nodes: Mapping[str, Leaf | Branch], *above: str
) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    """Give each command below ``nodes`` with the words that call it."""
    for name, node in nodes.items():
        if isinstance(node, Leaf):
            yield (*above, name), node
        else:
            yield from leaves_of(node.leaves, *above, name)


class LazyGroup(TyperGroup):
    """Commands in sections, loaded when they are called."""

    def __init__(
        self,
        *,
        sections: Mapping[str, Mapping[str, Leaf | Branch]],
        **words: Any,  # noqa: ANN401  typer's own
    ) -> None:
        """Hold the commands of ``sections``; nothing is loaded."""
        super().__init__(rich_markup_mode=None, no_args_is_help=True, **words)
        self._sections = sections
        self._nodes = {k: v for nodes in sections.values() for k, v in nodes.items()}

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names in the order of the sections."""
        return list(self._nodes)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Return the command of this name, loaded now."""
        node = self._nodes.get(cmd_name)
        if isinstance(node, Branch):
            return LazyGroup(
                name=cmd_name, sections={"Commands": node.leaves}, help=node.summary
            )
        return load(cmd_name, node) if node else None

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """Return the command that ``args`` begin with; suggest what was meant."""
        if args and args[0] not in self._nodes and not args[0].startswith("-"):
            meant = get_close_matches(args[0], self._nodes, n=1)
            ctx.fail(
                f"there is no command {args[0][:40]!r}"
                + (f"; did you mean {meant[0]}?" if meant else "")
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the summaries, section by section, in one column."""
        widest = max(map(len, self._nodes))
        for title, nodes in self._sections.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(widest), node.summary) for name, node in nodes.items()]
                )


def load(name: str, leaf: Leaf) -> TyperCommand:
    """Return the command that ``leaf`` names, with the options that all share."""
    from strongroom.cli.call import command_of

    module, _, function = leaf.place.partition(":")
    return command_of(
        name, getattr(import_module(f"strongroom.cli.{module}"), function)
    )
