"""Where a queue keeps its bytes: in memory, or in a file."""

import os


class MemoryStore:
    """Counts what is written."""

    def __init__(self, content=b""):
        self.content = content
        self.writes = self.bytes = 0

    def read(self):
        return self.content

    def append(self, data):
        self._count(data)
        self.content += data

    def replace(self, data):
        self._count(data)
        self.content = data

    def _count(self, data):
        self.writes += 1
        self.bytes += len(data)


class FileStore:
    """Survives a crash; one that comes within ``append`` may leave part of the data."""

    def __init__(self, path):
        self.path = path

    def read(self):
        if not os.path.exists(self.path):
            return b""
        with open(self.path, "rb") as file:
            return file.read()

    def append(self, data):
        self._write(self.path, "ab", data)

    def replace(self, data):
        self._write(f"{self.path}.new", "wb", data)
        os.replace(f"{self.path}.new", self.path)

    def _write(self, path, mode, data):
        with open(path, mode) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
