"""Finds commands by name; their code is loaded when one is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand, TyperGroup

from strongroom.cli.sections import SECTIONS, Branch, Leaf

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

HELP_WIDTH: Final = 80


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
