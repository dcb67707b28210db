"""The morning's page: from a results folder to ``overnight_report_<date>.md``."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from pytest_overnight.records.master import report_name
from pytest_overnight.records.store import write_whole
from pytest_overnight.reporting import markdown
from pytest_overnight.reporting import provenance
from pytest_overnight.reporting import sections
from pytest_overnight.reporting.machine import machine_of
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.night import load_night
from pytest_overnight.reporting.plots import Plot
from pytest_overnight.reporting.plots import draw_plots
from pytest_overnight.reporting.summary import NightSummary
from pytest_overnight.reporting.summary import in_order
from pytest_overnight.reporting.summary import summarise_night
from pytest_overnight.reporting.times import time_split
from pytest_overnight.rules.fingerprint import grouped
from pytest_overnight.settings import default_templates

PLOTS = "plots"
"""Folder of the plots, inside the results folder."""


def write_report(results: Path) -> Path:
    """Write plots and report of the night in ``results``; the report's path.

    Whatever is missing or unreadable is named in the report. Raises
    :class:`pytest_overnight.reporting.night.ReportError` when there is no such folder,
    :class:`OSError` when the report cannot be written.
    """
    night = load_night(results)
    summary = summarise_night(night)
    plots, night = _plots(night, summary, results / PLOTS)
    page = render(night, summary, results, plots)
    path = results / report_name(night.session_id or "")
    write_whole(path, page.encode())
    return path


def evening(session_id: str | None) -> str:
    """``YYYY-MM-DD`` out of ``overnight-YYYY-MM-DD``; empty when there is none."""
    found = re.search(r"\d{4}-\d{2}-\d{2}", session_id or "", re.ASCII)
    return found[0] if found else ""


def render(
    night: Night,
    summary: NightSummary,
    results: Path,
    plots: Sequence[Plot],
) -> str:
    """The report's text; ``results`` is only asked which logs are there to link to."""
    page = _environment().get_template("report.md.j2")
    runs = in_order(night.runs)
    always, mixed, never = sections.always_mixed_never(summary)
    shown = page.render(
        night=night,
        master=night.master,
        summary=summary,
        total=summary.total,
        titles=night.master.titles if night.master else {},
        date=evening(night.session_id),
        banner=provenance.banner(night),
        agents=provenance.agent_lines(night),
        sandboxes=provenance.sandbox_lines(night),
        ended_early=provenance.ended_early(night),
        unprotected=provenance.unprotected(night),
        watched=provenance.watched(night),
        plots={plot.name: _image(plot) for plot in plots},
        runs=runs,
        always=always,
        mixed=mixed,
        never=never,
        errors=grouped((run.run_id, run.fingerprints) for run in runs),
        times=time_split([run for run in runs if run.counted]),
        machine=machine_of(night),
        void=[run for run in runs if not run.counted],
        scripts=[run for run in runs if run.agent.intended_outcome],
        unintended=provenance.unintended(runs),
        run_table=sections.run_table(runs, results),
        targets=sections.targets(runs, results),
        sections=sections,
    )
    return re.sub(r"\n{3,}", "\n\n", shown).strip() + "\n"


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
    filters: dict[str, Any] = {
        name: getattr(markdown, name)
        for name in ("code", "interval", "percent", "seconds", "span", "wrap")
    }
    environment.filters.update(filters, ids=sections.run_ids, when=_when)
    return environment


def _when(timestamp: str) -> str:
    """``2025-01-21 22:00 UTC`` out of ISO 8601."""
    return f"{timestamp[:16].replace('T', ' ')} UTC"


def _image(plot: Plot) -> Markdown:
    return Markdown(f"![{markdown.text(plot.shows)}]({PLOTS}/{plot.name})")


def _plots(
    night: Night, summary: NightSummary, folder: Path
) -> tuple[tuple[Plot, ...], Night]:
    """The plots that could be drawn; why not is one more problem of the night."""
    try:
        return draw_plots(night, summary, folder), night
    except ImportError:
        why = "matplotlib is not installed. Install it and write the report again."
    except OSError as error:
        why = f"{folder} cannot be written ({error.strerror})."
    problems = (*night.problems, f"There are no plots: {why}")
    return (), dataclasses.replace(night, problems=problems)
