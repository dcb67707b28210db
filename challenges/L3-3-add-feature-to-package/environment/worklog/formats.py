"""Times and durations as text."""

STYLES = ("clock", "decimal")


def format_time(minutes: int) -> str:
    """Return minutes since midnight as ``HH:MM``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def format_minutes(minutes: int, style: str = "clock") -> str:
    """Return a duration as text.

    ``clock`` gives ``1:05``, ``decimal`` gives hours such as ``1.08``.
    """
    if minutes < 0:
        raise ValueError("a duration cannot be negative")
    if style == "clock":
        return f"{minutes // 60}:{minutes % 60:02d}"
    if style == "decimal":
        return f"{minutes / 60:.2f}"
    raise ValueError(f"no such style: {style}")
