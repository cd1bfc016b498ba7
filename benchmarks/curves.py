"""Draws curves of costs on logarithmic axes, as SVG that reads on light and dark."""

from __future__ import annotations

import math
from collections.abc import Mapping
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 180, 20, 50
COLOURS = (
    "#1b6ca8",
    "#c0392b",
    "#2e7d32",
    "#8e44ad",
    "#b9770e",
    "#5d6d7e",
    "#00838f",
)
STYLE = (
    "text{font:13px sans-serif;fill:#555}"
    "@media(prefers-color-scheme:dark){text{fill:#bbb}}"
)


def draw(curves: Mapping[int, Mapping[str, float]], *, across: str) -> str:
    """Return a picture of milliseconds over sizes, one line for each kind of call.

    Args:
        curves: Milliseconds by kind of call, at each size; at least two sizes.
        across: What the sizes count.
    """
    sizes = sorted(curves)
    values = [cost for point in curves.values() for cost in point.values() if cost > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: float) -> float:
        return LEFT + (math.log10(size) - first) / (last - first) * (
            WIDTH - LEFT - RIGHT
        )

    def y(cost: float) -> float:
        return (
            HEIGHT
            - BOTTOM
            - (math.log10(cost) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
        )

    parts = [f"<style>{STYLE}</style>"]
    for power in range(low, high + 1):
        at = y(10.0**power)
        ruler = f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" '
        parts.append(ruler + 'stroke="#8884"/>')
        parts.append(_text(LEFT - 8, at + 4, _duration(10.0**power), "end"))
    foot = HEIGHT - BOTTOM + 20
    parts += [_text(x(size), foot, f"{size:,}", "middle") for size in sizes]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, across, "middle"))
    names = sorted(curves[sizes[-1]], key=lambda name: -curves[sizes[-1]][name])
    below = 0.0
    for number, name in enumerate(names):
        colour = COLOURS[number % len(COLOURS)]
        line = [(x(size), y(max(curves[size][name], 10.0**low))) for size in sizes]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in line)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            'stroke-width="2.5"/>'
        )
        below = max(line[-1][1] + 4, below + 16)  # labels do not cover each other
        label = _text(line[-1][0] + 10, below, name, "start")
        parts.append(label.replace("<text", f'<text style="fill:{colour}"'))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="CPU time of calls over {escape(across)}">\n'
        f"{body}\n</svg>\n"
    )


def _duration(milliseconds: float) -> str:
    if milliseconds >= 1000:  # noqa: PLR2004  # a second
        return f"{milliseconds / 1000:g} s"
    return f"{milliseconds:g} ms"


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
    )
