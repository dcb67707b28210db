"""Tests of the generator."""

from __future__ import annotations

from pathlib import Path

import doc_generator

SAMPLE = Path(__file__).resolve().parent.parent / "sample"


def test_pages_are_written(tmp_path):
    assert doc_generator.generate(SAMPLE, tmp_path) == []
    for name in ("index.md", "guide.md", "examples.md", "api/shop.cart.md"):
        assert (tmp_path / name).read_text(encoding="utf-8").startswith("# ")


def test_every_module_has_a_page(tmp_path):
    doc_generator.generate(SAMPLE, tmp_path)
    assert len(list((tmp_path / "api").iterdir())) == 5


def test_index_lists_modules(tmp_path):
    doc_generator.generate(SAMPLE, tmp_path)
    index = (tmp_path / "index.md").read_text(encoding="utf-8")
    assert "- [`shop.cart`](api/shop.cart.md)" in index
    assert "## Names" in index


def test_a_second_run_changes_nothing(tmp_path):
    doc_generator.generate(SAMPLE, tmp_path)
    first = {path: path.read_bytes() for path in tmp_path.rglob("*.md")}
    doc_generator.generate(SAMPLE, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.md")} == first
