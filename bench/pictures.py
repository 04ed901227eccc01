"""Charts as SVG: bars, and spans of time. Pure; colours are classes of the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDTH, LEFT, RIGHT, ROW, TOP = 960, 230, 130, 24, 24
COLOURS = 8


@dataclass(frozen=True)
class Bar:
    """A row: its label, its length, the text at its end, and the number of its colour."""

    label: str
    value: float
    text: str
    colour: int = 0


@dataclass(frozen=True)
class Span:
    """A part of a lane, in seconds."""

    label: str
    begin: float
    end: float


def bars(title: str, rows: Sequence[Bar]) -> Markup:
    """Horizontal bars on one scale from zero."""
    most = max((row.value for row in rows), default=0.0) or 1.0
    parts = []
    for number, row in enumerate(rows):
        y = TOP + number * ROW
        length = max(1.0, row.value / most * (WIDTH - LEFT - RIGHT))
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(row.label)}</text>',
            f'<rect class="c{row.colour % COLOURS}" x="{LEFT}" y="{y + 3}" width="{length:.1f}" height="{ROW - 8}" rx="3"/>',
            f'<text x="{LEFT + length + 6:.1f}" y="{y + 15}">{escape(row.text)}</text>',
        ]
    return _drawing(title, TOP + len(rows) * ROW + 4, parts)


def lanes(title: str, rows: Sequence[tuple[str, Sequence[Span]]]) -> Markup:
    """A lane of spans for each row, on one scale of seconds; equal labels have equal colours."""
    last = max((span.end for _, spans in rows for span in spans), default=0.0) or 1.0
    scale = (WIDTH - LEFT - 20) / last
    labels = list(dict.fromkeys(span.label for _, spans in rows for span in spans))
    bottom = TOP + len(rows) * ROW
    parts = []
    for seconds in ticks(last):
        x = LEFT + seconds * scale
        parts.append(f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="small" x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{seconds:g} s</text>')
    for number, (name, spans) in enumerate(rows):
        y = TOP + number * ROW
        parts.append(f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        parts += [_span(span, y, scale, labels.index(span.label)) for span in spans]
    parts += _key(labels, bottom + 22)
    return _drawing(title, bottom + 28 + ROW * ((len(labels) + 3) // 4), parts)


def ticks(last: float) -> list[float]:
    """Round numbers from zero to `last`, twelve steps at most."""
    step = next(step for step in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 3600) if last / step <= 12 or step == 3600)
    return [float(at) for at in range(0, int(last) + 1, step)]


def _span(span: Span, y: float, scale: float, colour: int) -> str:
    width = max(0.5, (span.end - span.begin) * scale)
    tooltip = escape(f"{span.label}: {span.end - span.begin:.1f} s")
    place = f'x="{LEFT + span.begin * scale:.1f}" y="{y + 3}" width="{width:.1f}" height="{ROW - 8}"'
    return f'<rect class="c{colour % COLOURS}" {place}><title>{tooltip}</title></rect>'


def _key(labels: Sequence[str], y: float) -> list[str]:
    parts = []
    for number, label in enumerate(labels):
        x, line = LEFT + (number % 4) * 175, y + (number // 4) * ROW
        parts.append(f'<rect class="c{number % COLOURS}" x="{x}" y="{line}" width="12" height="12" rx="2"/>')
        parts.append(f'<text class="small" x="{x + 18}" y="{line + 10}">{escape(label)}</text>')
    return parts


def _drawing(title: str, height: float, parts: Sequence[str]) -> Markup:
    head = f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">'
    caption = f'<text class="small" x="0" y="14">{escape(title)}</text>'
    # Every text in it went through `escape`.
    return Markup("\n".join([head, caption, *parts, "</svg>"]))  # noqa: S704
