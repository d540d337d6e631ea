"""HTTP around the service, and its remote control.

POST /                    a call of STS
POST /_lab/instances      starts another instance, with a journal and faults of its own; answers its URL
POST /_lab/fail?…         the next call fails: code, message, status, hang=SECONDS, drop, times=N, action (faults.py)
POST /_lab/lifetime?…     sessions last `seconds` from now on, whatever is asked for
GET  /_lab/calls          the calls so far, as JSON
GET  /_lab/secrets        the assertions that came and the secrets that were issued, as JSON
"""

import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from .faults import DropConnection, Fault
from .service import Service


def start(service, port=0):
    """Serves an instance on loopback, in a thread of its own; returns its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.service = service
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    @property
    def service(self):
        """The instance behind this port."""
        return self.server.service

    def do_GET(self):  # pylint: disable=invalid-name
        """The journal."""
        if self.path == "/_lab/calls":
            self._send(200, json.dumps(self.service.journal.calls()), "application/json")
        elif self.path == "/_lab/secrets":
            self._send(200, json.dumps(self.service.journal.secrets()), "application/json")
        else:
            self._send(404, "not found", "text/plain")

    def do_POST(self):  # pylint: disable=invalid-name
        """A call, or remote control."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        target = urlsplit(self.path)
        if target.path == "/_lab/instances":
            another = Service(self.service.account, self.service.sessions)
            self._send(200, start(another), "text/plain")
        elif target.path == "/_lab/fail":
            query = dict(parse_qsl(target.query, keep_blank_values=True))
            self.service.faults.add(Fault.from_query(query), int(query.get("times", "1")))
            self._send(200, "ok", "text/plain")
        elif target.path == "/_lab/lifetime":
            self.service.lifetime = int(dict(parse_qsl(target.query))["seconds"])
            self._send(200, "ok", "text/plain")
        else:
            self._answer_call(body)

    def _answer_call(self, body):
        request_id = secrets.token_hex(16)
        try:
            status, xml = self.service.answer(self.headers, body, request_id)
        except DropConnection:
            self.close_connection = True
            return
        self._send(status, xml, "text/xml", request_id)

    def _send(self, status, text, content_type, request_id="lab"):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-amzn-RequestId", request_id)
        self.end_headers()
        self.wfile.write(data)
