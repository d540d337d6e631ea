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
    action: str | None

    @classmethod
    def from_query(cls, query):
        """From `code`, `message`, `status`, `hang` (seconds), `drop` and `action` (the only one it happens to)."""
        code = query.get("code", "Throttling")
        return cls(
            code=code,
            message=query.get("message", "Rate exceeded" if code == "Throttling" else "A fault of the lab's making."),
            status=int(query.get("status", "400")),
            hang_seconds=float(query.get("hang", "0")),
            drop="drop" in query,
            action=query.get("action"),
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

    def strike(self, action):
        """Lets the next fault of a call of this action happen, if there is one."""
        with self._lock:
            fault = next((fault for fault in self._pending if fault.action in (None, action)), None)
            if fault:
                self._pending.remove(fault)
        if fault:
            fault.happen()
