"""The morning's page: from a results folder to ``overnight_report_<date>.md``."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from pytest_overnight.records.master import report_name
from pytest_overnight.records.store import write_whole
from pytest_overnight.reporting import markdown
from pytest_overnight.reporting import provenance
from pytest_overnight.reporting.analysis import Analysis
from pytest_overnight.reporting.analysis import analyse
from pytest_overnight.reporting.artifacts import artifact_pages
from pytest_overnight.reporting.chapters import appendices
from pytest_overnight.reporting.chapters import changes
from pytest_overnight.reporting.chapters import figures
from pytest_overnight.reporting.chapters import headlines
from pytest_overnight.reporting.chapters import patterns
from pytest_overnight.reporting.chapters import recommendations
from pytest_overnight.reporting.hrm import hrm_markdown
from pytest_overnight.reporting.machine import machine_of
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.night import uncollected
from pytest_overnight.reporting.plots import Plot
from pytest_overnight.reporting.plots import draw_plots
from pytest_overnight.reporting.summary import in_order
from pytest_overnight.reporting.templates import render

PLOTS = "plots"
"""Folder of the plots, inside the results folder."""


def write_report(results: Path) -> Path:
    """Write plots, report and artifacts of the night in ``results``; the report's path.

    Whatever is missing or unreadable is named in the report. Raises
    :class:`pytest_overnight.reporting.night.ReportError` when there is no such folder,
    :class:`OSError` when the report cannot be written.
    """
    with uncollected():
        return _write(results)


def _write(results: Path) -> Path:
    analysis = analyse(results)
    plots, problems = _draw(analysis, results / PLOTS)
    problems += _write_artifacts(analysis, results)
    # What could not be written is a problem of the night, and the page tells of it.
    problems = [*analysis.night.problems, *problems]
    night = dataclasses.replace(analysis.night, problems=tuple(problems))
    page = page_of(dataclasses.replace(analysis, night=night), results, plots)
    path = results / report_name(night.session_id or "")
    write_whole(path, page.encode())
    return path


def _draw(analysis: Analysis, folder: Path) -> tuple[tuple[Plot, ...], list[str]]:
    """The plots; or none, and why."""
    night, summary = analysis.night, analysis.summary
    try:
        plots = draw_plots(night, summary, analysis.patterns, analysis.hrm, folder)
        return plots, []
    except ImportError:
        why = "matplotlib is not installed. Install it and write the report again."
    except OSError as error:
        why = f"{folder} cannot be written ({error.strerror})."
    return (), [f"There are no plots: {why}"]


def _write_artifacts(analysis: Analysis, results: Path) -> list[str]:
    """Which of them could not be written, and why."""
    problems = []
    pages = artifact_pages(analysis.night, analysis.advices, analysis.hrm)
    for name, page in pages.items():
        try:
            write_whole(results / name, page.encode())
        except OSError as error:
            problems.append(f"{name} cannot be written ({error.strerror}).")
    return problems


def page_of(analysis: Analysis, results: Path, plots: Sequence[Plot]) -> str:
    """The report's text; ``results`` is only asked which logs are there to link to."""
    night, summary = analysis.night, analysis.summary
    runs = in_order(night.runs)
    kept = appendices.kept_of(runs, results)
    agents = provenance.agent_lines(night)
    machine = machine_of(night)
    master = night.master
    always, mixed, never = figures.always_mixed_never(summary)
    comparison = analysis.comparison
    return render(
        "report.md",
        night=night,
        master=master,
        summary=summary,
        total=summary.total,
        breakdown=analysis.breakdown,
        patterns=analysis.patterns,
        comparison=comparison,
        advices=analysis.advices,
        titles=master.titles if master else {},
        date=evening(night.session_id),
        banner=provenance.banner(night),
        agents=agents,
        sandboxes=provenance.sandbox_lines(night),
        watched=provenance.watched(night),
        criteria=headlines.Criteria(tuple(master.criteria) if master else ()),
        cautions=headlines.cautions(night, machine, len(agents)),
        weighty=patterns.weighty(analysis.patterns),
        former=analysis.former,
        past=changes.lines(comparison, analysis.former),
        plots={plot.name: _image(plot) for plot in plots},
        runs=runs,
        always=always,
        mixed=mixed,
        never=never,
        clear=[one for one in analysis.patterns.divergences if one.clear],
        hrm_chapter=hrm_markdown(analysis.hrm),
        machine=machine,
        void=[run for run in runs if not run.counted],
        scripts=[run for run in runs if run.agent.intended_outcome],
        unintended=provenance.unintended(runs),
        run_table=appendices.run_table(runs, kept),
        targets=appendices.targets(runs, kept),
        changes=changes,
        failures=patterns,
        figures=figures,
        recommendations=recommendations,
    )


def evening(session_id: str | None) -> str:
    """``YYYY-MM-DD`` out of ``overnight-YYYY-MM-DD``; empty when there is none."""
    found = re.search(r"\d{4}-\d{2}-\d{2}", session_id or "", re.ASCII)
    return found[0] if found else ""


def _image(plot: Plot) -> Markdown:
    return Markdown(f"![{markdown.text(plot.shows)}]({PLOTS}/{plot.name})")
