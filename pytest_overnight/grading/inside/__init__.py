"""The program of a hidden test's child: its files are joined into one text.

``program.py`` does the joining. Here they import each other for the reader and the
type checker only; the joined text imports C modules alone until agent code runs.
"""
