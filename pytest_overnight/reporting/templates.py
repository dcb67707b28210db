"""How templates become pages: every value is escaped on its way in."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jinja2

from pytest_overnight.reporting import markdown
from pytest_overnight.settings import default_templates


def render(name: str, **values: Any) -> str:
    """Fill the template ``reports/<name>.j2`` with ``values``; ends with a line break.

    Whatever a template prints that is not :class:`~.markdown.Markdown` goes through
    :func:`~.markdown.text`. A value that a template asks for and is not given raises
    :class:`jinja2.UndefinedError`.
    """
    shown = _environment().get_template(f"{name}.j2").render(values)
    return re.sub(r"\n{3,}", "\n\n", shown).strip() + "\n"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(default_templates()),
        undefined=jinja2.StrictUndefined,
        # Nothing reaches the page unescaped, whoever wrote the template.
        finalize=markdown.text,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = ("code", "ids", "interval", "percent", "plural", "points", "seconds")
    filters = {name: getattr(markdown, name) for name in (*names, "span", "wrap")}
    environment.filters.update(filters, when=_when)
    return environment


def _when(timestamp: str) -> str:
    """``2025-01-21 22:00 UTC`` out of ISO 8601."""
    return f"{timestamp[:16].replace('T', ' ')} UTC"
