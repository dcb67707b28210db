"""One file of a night as the record that it holds, or why it cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel
from pydantic import ValidationError

from pytest_overnight.records.schema import newer_version

Model = TypeVar("Model", bound=BaseModel)


class UnusableError(Exception):
    """Why a file cannot be used; the text follows the file's name."""


class TooNewError(UnusableError):
    """The file may well be whole, and only this program is too old for it."""


def read_model(path: Path, kind: type[Model]) -> Model:
    """The object in a file; raises :class:`UnusableError`."""
    try:
        if not path.is_file():
            raise UnusableError("is not a file")
        data = path.read_bytes()
    except OSError as error:
        raise UnusableError(f"cannot be read ({error.strerror})") from None
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        raise UnusableError(f"is not whole JSON ({first['msg']})")
    if newer := newer_version(data):
        raise TooNewError(newer)
    field = ".".join(str(part) for part in first["loc"])
    raise UnusableError(f"does not have the form of its kind ({field}: {first['msg']})")


def lies_in(folder: Path, name: str) -> bool:
    """Whether a file of this name is there, and no link leads out of the folder."""
    try:
        path = (folder / name).resolve()
        return path.is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, links in a circle
        return False
