"""What the report's templates ask for: its tables and sentences, a module a chapter.

Everything here returns :class:`~pytest_overnight.reporting.markdown.Markdown` or plain
text, which the templates escape. The order and the words around the tables are in the
templates, ``reports/``.
"""
