"""HTTP around the stub, its public key, its journal and its remote control.

POST /_lab/instances      starts another instance with a journal of its own; answers its origin. The issuer stays the first's
GET  /_lab/requests       the requests so far, as JSON
POST /_lab/token          signs the JSON object that is sent, whatever it claims; answers the JWT
GET  /subject             the token of an external account, as JSON, for those who send `X-Lab: yes`
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from . import metadata, oauth
from .adc import SUBJECT_TOKEN

UNREMARKABLE = ("accept", "accept-encoding", "connection", "content-length", "host", "user-agent")


class Request:
    """A request as the parts of the stub see it."""

    def __init__(self, method, target, headers, body):
        self.method = method
        self.path = target.path
        self.query = dict(parse_qsl(target.query))
        self.headers = headers
        is_json = headers.get("Content-Type", "").startswith("application/json")
        self.fields = json.loads(body or "{}") if is_json else dict(parse_qsl(body.decode()))

    def to_journal(self):
        """All that a client chose to send."""
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() not in UNREMARKABLE}
        line = f"{self.method} {self.path}"
        return {"line": line, "query": self.query, "headers": headers, "fields": self.fields}


def start(signer, port=0):
    """Serves an instance on loopback, in a thread of its own; returns its origin."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.signer = signer
    server.journal = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://localhost:{server.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        """Any request."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = Request(self.command, urlsplit(self.path), self.headers, body)
        answer = self._control(request)
        if answer is None:
            self.server.journal.append(request.to_journal())
            answer = self._google(request)
        self._send(*answer)

    do_POST = do_GET

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Says nothing: a query may hold more than a log should."""

    def _control(self, request):
        signer = self.server.signer
        if request.path == "/_lab/instances":
            return 200, start(signer), {}
        if request.path == "/_lab/requests":
            return 200, self.server.journal, {}
        if request.path == "/_lab/token":
            return 200, signer.sign(request.fields), {}
        if request.path == "/.well-known/openid-configuration":
            return 200, {"issuer": signer.issuer, "jwks_uri": f"{signer.issuer}/certs"}, {}
        if request.path == "/certs":
            return 200, signer.jwks(), {}
        return None

    def _google(self, request):
        if request.path == "/subject" and request.headers.get("X-Lab") == "yes":
            return 200, {"value": SUBJECT_TOKEN}, {}
        answer = metadata.answer(request, self.server.signer) or oauth.answer(request, self.server.signer)
        return answer or (404, {"error": "not found"}, {})

    def _send(self, status, content, headers):
        is_text = isinstance(content, str)
        data = (content if is_text else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if is_text else "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
