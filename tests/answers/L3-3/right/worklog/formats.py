"""Times and durations as text."""

STYLES = ("clock", "decimal", "short")


def format_time(minutes: int) -> str:
    """Return minutes since midnight as ``HH:MM``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def format_minutes(minutes: int, style: str = "clock") -> str:
    """Return a duration as text.

    ``clock`` gives ``1:05``, ``decimal`` gives hours such as ``1.08``, ``short``
    gives ``1h05m``, or ``45m`` below an hour.
    """
    if minutes < 0:
        raise ValueError("a duration cannot be negative")
    if style == "clock":
        return f"{minutes // 60}:{minutes % 60:02d}"
    if style == "decimal":
        return f"{minutes / 60:.2f}"
    if style == "short":
        return f"{minutes // 60}h{minutes % 60:02d}m" if minutes >= 60 else f"{minutes}m"
    raise ValueError(f"no such style: {style}")
