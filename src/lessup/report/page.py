"""The page itself: sections with anchors, one style sheet, plotly and one script, all inside the file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from itertools import groupby
from typing import Any

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; media-src data:; "
    "worker-src blob:"
)
"""The browser itself refuses every connection, whatever the page holds."""


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        anchor: its address after ``#``; letters, digits and ``-``.
        title: plain text.
        body: HTML in which everything that came from files is escaped.
        level: 2 for a section, 3 for a part of one.
    """

    anchor: str
    title: str
    body: str
    level: int = 2

    def html(self) -> str:
        """Write the heading, which links to itself, and the body."""
        tag = f"h{self.level}"
        heading = f'<{tag} id="{escape(self.anchor)}"><a href="#{escape(self.anchor)}">{escape(self.title)}</a></{tag}>'
        return f"<section>{heading}\n{self.body}</section>"


def page(*, title: str, lead: str, sections: Sequence[Section], footer: str) -> str:
    """Put sections together to one HTML file that needs no network.

    Args:
        title: plain text.
        lead: one plain sentence below the title.
        sections: in order; those of level 2 are listed at the top.
        footer: plain text.
    """
    links = "".join(f'<a href="#{escape(s.anchor)}">{escape(s.title)}</a>' for s in sections if s.level == 2)
    body = "\n".join(section.html() for section in sections)
    scripts = _scripts() if 'class="plot"' in body else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>{_asset("page.css")}</style>
</head>
<body>
<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p><nav>{links}</nav></header>
<main>
{body}
</main>
<footer>{escape(footer)}</footer>
{scripts}
</body>
</html>
"""


def _scripts() -> str:
    from plotly.offline import get_plotlyjs

    return f"<script>{get_plotlyjs()}</script>\n<script>{_asset('page.js')}</script>"


def chart(data: Sequence[Mapping[str, Any]], layout: Mapping[str, Any], *, caption: str, height: int = 300) -> str:
    """Write one flat plotly figure.

    Args:
        data: plotly traces; a colour may name one of the page's, as ``var(--kept)``.
        layout: plotly layout.
        caption: plain text below the figure.
        height: in pixels.
    """
    plot = f'<div class="plot" style="height: {height}px"></div>'
    return f'<figure class="chart">{plot}{embed({"data": data, "layout": layout})}{_caption(caption)}</figure>'


def viewer(titles: Sequence[str], choices: Sequence[Mapping[str, Any]], layout: Mapping[str, Any], *, key: str) -> str:
    """Write panels side by side that turn together, and a list to choose what they show.

    Args:
        titles: of the panels, plain text.
        choices: ``name``, ``group`` and ``about`` (plain text), and ``panels`` (plotly traces for each panel).
        layout: plotly layout of every panel.
        key: HTML that explains the colours.
    """
    options = ""
    for group, members in groupby(enumerate(choices), lambda numbered: str(numbered[1]["group"])):
        inner = "".join(f'<option value="{i}">{escape(choice["name"])}</option>' for i, choice in members)
        options += f'<optgroup label="{escape(group)}">{inner}</optgroup>'
    select = f'<div class="choice"><label>Shape <select>{options}</select></label><span class="about"></span></div>'
    panels = "".join(
        f'<div class="panel"><div class="title">{escape(title)}</div><div class="plot"></div></div>' for title in titles
    )
    data = embed({"choices": choices, "layout": layout})
    caption = f"<figcaption>{key}</figcaption>"
    return f'<figure class="viewer">{select}<div class="panels">{panels}</div>{data}{caption}</figure>'


def escaped(text: str) -> str:
    """Return plain text as plotly shows it unchanged: its labels read a little HTML."""
    return escape(text, quote=False)


def facts(values: Mapping[str, str]) -> str:
    """Write names and values, both plain text, as a list; empty values are left out."""
    return (
        '<dl class="facts">'
        + "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in values.items() if value)
        + "</dl>"
    )


def fold(title: str, body: str) -> str:
    """Write HTML that is folded away behind a plain title."""
    return f"<details><summary>{escape(title)}</summary>{body}</details>"


def embed(value: Any) -> str:
    r"""Write JSON into the page such that nothing in it can end the script element or start another.

    >>> print(embed({"name": "</script>"}))
    <script type="application/json">{"name": "\u003c/script>"}</script>
    """
    text = json.dumps(value, allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json">{text}</script>'


def _caption(text: str) -> str:
    return f"<figcaption>{escape(text)}</figcaption>" if text else ""


def _asset(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
