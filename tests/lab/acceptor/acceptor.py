"""An HTTPS front that authenticates by SPNEGO, with channel bindings (AD FS's Extended Protection) and odd answers.

The first segment of the path says how:

/require    refuses a client that did not bind its token to this TLS connection (RFC 5929, tls-server-end-point)
/silent     accepts, and does not prove itself: no token in the answer
/forged     accepts, and answers with a token that nobody made
/unknown    accepts, proves itself, and then shows its login form, as an IdP does that knows no such account
/narrow     answers 400 to a request that carries a ticket, as HTTP.sys does when it is too large for it
/ntlm       answers a ticket with a message of NTLM, as Windows does that has no key for the service

For the others, what follows is fetched from the IdP behind it, for the user who was authenticated.
"""

import argparse
import base64
import hashlib
import ssl
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gssapi
from gssapi.raw import ChannelBindings

# Otherwise the binding keeps an error back until the context is looked at again.
gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False

# GSS_C_CHANNEL_BOUND_FLAG: the client sent bindings, and they are ours.
CHANNEL_BOUND = 2048


LOGIN_FORM = b"""<html><title>Sign in</title><form method="post" action="/login"><input name="username">
<input type="password" name="password"><button>Sign in</button></form></html>"""
NTLM_CHALLENGE = b"NTLMSSP\x00\x02\x00\x00\x00"


class Refused(Exception):
    """The client is not let in; `token` is what the mechanism wants it to know."""

    def __init__(self, why, token=None):
        super().__init__(why)
        self.token = token


def channel_bindings(certificate):
    """The bindings of a server with this certificate (PEM file), whose signature hash is SHA-256."""
    with open(certificate, encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    return ChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(der).digest())


def accept(header, bindings, mode):
    """User and answering token for an Authorization header; raises Refused."""
    if not header.startswith("Negotiate "):
        raise Refused("no Negotiate")
    try:
        context = gssapi.SecurityContext(usage="accept", channel_bindings=bindings)
        token = context.step(base64.b64decode(header.removeprefix("Negotiate ")))
    except gssapi.exceptions.GSSError as error:
        raise Refused(str(error), getattr(error, "token", None)) from None
    if not context.complete:
        raise Refused("the context is not complete", token)
    if mode == "require" and not int(context.actual_flags) & CHANNEL_BOUND:
        raise Refused("the token is not bound to the channel")
    return str(context.initiator_name), token


def answering_token(mode, token):
    """The token that goes back, if any."""
    if mode == "silent":
        return None
    if mode == "forged":
        return b"\x00" * len(token)
    return token


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        """Authenticates, then fetches the page."""
        mode, _, rest = self.path.lstrip("/").partition("/")
        carries_a_ticket = self.headers.get("Authorization", "").startswith("Negotiate ")
        if carries_a_ticket and mode == "narrow":
            self._send(400, b"Request Too Long", None)
            return
        if carries_a_ticket and mode == "ntlm":
            self._send(401, b"refused", _negotiate(NTLM_CHALLENGE))
            return
        try:
            user, token = accept(self.headers.get("Authorization", ""), self.server.bindings, mode)
        except Refused as refused:
            print(f"{mode}: refused: {refused}")
            self._send(401, b"refused", _negotiate(refused.token))
            return
        print(f"{mode}: {user}")
        if mode == "unknown":
            self._send(200, LOGIN_FORM, _negotiate(token))
            return
        request = urllib.request.Request(f"{self.server.upstream}/{rest}", headers={"X-Authenticated-User": user})
        with urllib.request.urlopen(request) as answer:
            page = answer.read()
        token = answering_token(mode, token)
        self._send(200, page, _negotiate(token) if token else None)

    def _send(self, status, body, negotiate):
        self.send_response(status)
        if negotiate:
            self.send_header("WWW-Authenticate", negotiate)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Only what matters is printed."""


def _negotiate(token):
    return "Negotiate " + base64.b64encode(token).decode() if token else "Negotiate"


def main():
    """Serves until it is killed."""
    arguments = argparse.ArgumentParser(prog="acceptor")
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--certificate", required=True)
    arguments.add_argument("--key", required=True)
    arguments.add_argument("--upstream", required=True)
    given = arguments.parse_args()

    server = ThreadingHTTPServer(("127.0.0.1", given.port), Handler)
    server.daemon_threads = True
    server.bindings = channel_bindings(given.certificate)
    server.upstream = given.upstream
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.certificate, given.key)
    # The handshake belongs to the connection's own thread: a client that connects and says nothing holds nobody up.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


main()
