import pytest

from worklog import main


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "work.log"
    path.write_text("2024-03-04 09:00-10:05 atlas Draft\n2024-03-05 09:00-09:30 mail\n")
    return str(path)


def test_list_shows_the_entries(log, capsys):
    assert main(["list", log, "--day", "2024-03-04"]) == 0
    assert capsys.readouterr().out == "2024-03-04 09:00-10:05 1:05 atlas Draft\n"


def test_totals_sums_by_project(log, capsys):
    assert main(["totals", log]) == 0
    assert capsys.readouterr().out == "atlas  1:05\nmail   0:30\ntotal  1:35\n"


def test_a_missing_file_is_said(capsys):
    assert main(["list", "missing.log"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("worklog: ")
