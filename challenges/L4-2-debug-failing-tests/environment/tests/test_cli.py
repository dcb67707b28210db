from toolshed import main

SPRING = ["examples/spring.ledger", "--today", "2024-05-21"]


def test_overdue(capsys):
    assert main(["overdue", *SPRING]) == 0
    assert capsys.readouterr().out == (
        "overdue on 2024-05-21\n"
        "2024-05-16|drill|Ana|1.00\n"
        "2024-05-18|ladder|Jan|0.60\n"
        "2024-05-20|saw|Ana|0.20\n"
    )


def test_overdue_with_a_closure(capsys):
    assert main(["overdue", *SPRING, "--closed", "2024-05-16/2024-05-17"]) == 0
    assert capsys.readouterr().out == (
        "overdue on 2024-05-21\n"
        "2024-05-18|drill|Ana|0.60\n"
        "2024-05-18|ladder|Jan|0.60\n"
        "2024-05-20|saw|Ana|0.20\n"
    )


def test_a_bad_ledger_is_said(tmp_path, capsys):
    path = tmp_path / "bad.ledger"
    path.write_text("drill|Ana|2024-05-02|14|2500\nsaw|Jan\n")
    assert main(["overdue", str(path), "--today", "2024-05-21"]) == 2
    assert capsys.readouterr().err.startswith("toolshed: line 2: ")


def test_a_missing_ledger_is_said(tmp_path, capsys):
    path = tmp_path / "missing.ledger"
    assert main(["bills", str(path), "--today", "2024-05-21"]) == 2
    assert capsys.readouterr().err.startswith("toolshed: ")
