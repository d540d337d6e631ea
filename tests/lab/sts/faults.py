"""Faults on demand: the next calls are held, dropped, or answered with an error, in the order they were asked for."""

import threading
import time
from dataclasses import dataclass

from .errors import StsError


class DropConnection(Exception):
    """The connection ends without an answer."""


@dataclass
class Fault:
    """What happens to one call."""

    code: str
    message: str
    status: int
    hang_seconds: float
    drop: bool

    @classmethod
    def from_query(cls, query):
        """From `code`, `message`, `status`, `hang` (seconds) and `drop`."""
        code = query.get("code", "Throttling")
        return cls(
            code=code,
            message=query.get("message", "Rate exceeded" if code == "Throttling" else "A fault of the lab's making."),
            status=int(query.get("status", "400")),
            hang_seconds=float(query.get("hang", "0")),
            drop="drop" in query,
        )

    def happen(self):
        """Holds the call, then ends it."""
        time.sleep(self.hang_seconds)
        if self.drop:
            raise DropConnection
        raise StsError(self.code, self.message, self.status)


class Faults:
    """The faults that are still to come."""

    def __init__(self):
        self._pending = []
        self._lock = threading.Lock()

    def add(self, fault, times):
        """The next `times` calls fail so."""
        with self._lock:
            self._pending.extend([fault] * times)

    def strike(self):
        """Lets the next fault happen, if there is one."""
        with self._lock:
            fault = self._pending.pop(0) if self._pending else None
        if fault:
            fault.happen()
