"""The identity provider and STS of the fleet, in this process: both count, and the login can be held where it is."""

import base64
import datetime
import http.server
import ssl
import threading
from urllib.parse import parse_qs

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Fleet"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/fleet"
AWS = "https://signin.aws.amazon.com/saml"
ATTRIBUTE = "https://aws.amazon.com/SAML/Attributes/"
USER = "fleet-user"


class Origin(http.server.ThreadingHTTPServer):
    """One address, with TLS, whose handshakes keep nobody else waiting."""

    request_queue_size = 2048
    daemon_threads = True

    def __init__(self, address, tls, answer):
        self.tls, self.answer = tls, answer
        super().__init__(address, Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        try:
            with self.tls.wrap_socket(request, server_side=True) as stream:
                self.RequestHandlerClass(stream, client_address, self)
        except OSError:
            pass  # Whoever was killed in the middle says nothing more.


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer("GET", "")

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        self._answer("POST", self.rfile.read(length).decode())

    def _answer(self, method, body):
        status, kind, text = self.server.answer(method, self.path, body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Services:
    """Both, and what they saw."""

    def __init__(self, host, certificate, key, password):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        self.password = password
        self.lifetime = 3600
        self.secrets = {password}
        # Open: nobody is held. The page with the form, and the form that is sent.
        self.page_gate, self.gate = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self.reset()
        self.idp = Origin((host, 8443), tls, self._idp)
        self.sts = Origin((host, 8444), tls, self._sts)

    def reset(self):
        """Everything is counted anew, and nobody is held."""
        with self._lock:
            self.journal = []
            self.pages = self.attempts = self.refused = self.sts_calls = 0
        self.page_gate.set()
        self.gate.set()

    def _count(self, what):
        with self._lock:
            setattr(self, what, getattr(self, what) + 1)
            self.journal.append((what, threading.current_thread().name))
            return getattr(self, what)

    def _idp(self, method, _path, body):
        if method == "GET":
            self._count("pages")
            self.page_gate.wait(120)
            return 200, "text/html", FORM
        self._count("attempts")
        self.gate.wait(120)
        fields = parse_qs(body)
        if fields.get("password") != [self.password] or fields.get("username") != [USER]:
            self._count("refused")
            return 200, "text/html", FORM
        encoded = base64.b64encode(assertion().encode()).decode()
        self.secrets.add(encoded[40:120])
        return 200, "text/html", (
            f'<html><body onload="document.forms[0].submit()"><form method="post" action="{AWS}">'
            f'<input type="hidden" name="SAMLResponse" value="{encoded}"/></form></body></html>'
        )

    def _sts(self, _method, _path, _body):
        number = self._count("sts_calls")
        ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.lifetime)
        secret, token = f"fleet/secret/key/{number:06}/{id(self):x}", f"fleetSessionToken{number:06}" + "x" * 600
        self.secrets.update((secret, token))
        return 200, "text/xml", (
            '<AssumeRoleWithSAMLResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithSAMLResult>'
            f"<Credentials><AccessKeyId>ASIAFLEET{number:011}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
            f"<SessionToken>{token}</SessionToken><Expiration>{ends:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
            f"<AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::{ACCOUNT}:assumed-role/Fleet/{USER}</Arn></AssumedRoleUser>"
            "</AssumeRoleWithSAMLResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
            "</AssumeRoleWithSAMLResponse>"
        )


FORM = (
    '<html><head><title>Sign in</title></head><body><form method="post" action="/sso">'
    '<input type="text" name="username"/><input type="password" name="password"/>'
    '<input type="submit" value="Sign in"/></form></body></html>'
)


def assertion():
    """A response as AWS takes it; its signature is a dummy."""
    now = datetime.datetime.now(datetime.timezone.utc)
    at = lambda seconds: f"{now + datetime.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
    attribute = lambda name, value: (
        f'<saml:Attribute Name="{ATTRIBUTE}{name}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>'
    )
    return (
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
        'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" '
        f'IssueInstant="{at(0)}" Destination="{AWS}"><saml:Issuer>https://idp.example.test/</saml:Issuer>'
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
        f'<saml:Assertion ID="_2" Version="2.0" IssueInstant="{at(0)}"><saml:Issuer>https://idp.example.test/</saml:Issuer>'
        f"<saml:Subject><saml:NameID>{USER}</saml:NameID><saml:SubjectConfirmation "
        'Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData '
        f'NotOnOrAfter="{at(300)}" Recipient="{AWS}"/></saml:SubjectConfirmation></saml:Subject>'
        f'<saml:Conditions NotBefore="{at(-30)}" NotOnOrAfter="{at(300)}"><saml:AudienceRestriction>'
        "<saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{at(0)}"/><saml:AttributeStatement>{attribute("Role", ROLE + "," + PROVIDER)}'
        f'{attribute("RoleSessionName", USER)}</saml:AttributeStatement></saml:Assertion></samlp:Response>'
    )
