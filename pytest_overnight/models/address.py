"""Where a model server is."""

from __future__ import annotations

import re

DEFAULT_PORT = 11434


def base_url(host: str) -> str:
    """``host`` as a URL; Ollama's port when neither scheme nor port is given."""
    host = host.rstrip("/")
    if "://" in host:
        return host
    port = "" if re.search(r":\d+$", host) else f":{DEFAULT_PORT}"
    return f"http://{host}{port}"
