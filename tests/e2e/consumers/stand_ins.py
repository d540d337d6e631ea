"""What the clients talk to: a bucket behind a proxy that remembers who signed what, and an STS that trusts every token."""
import base64, http.client, http.server, re, subprocess, sys, threading, time, urllib.parse

PARQUET = base64.b64decode(
    "UEFSMRUEFSAVJEwVBBUAEgAAEDwBAAAAAAAAAAIAAAAAAAAAFQAVEhUWLBUEFRAVBhUGHBgIAgAAAAAAAAAYCAEAAAAAAAAAFgAoCAIAAAAAAAAAGAgBAAAAAAAAABER"
    "AAAACSACAAAABAEBAwIVBBksNQAYBnNjaGVtYRUCABUEJQIYAWEAFgQZHBkcJgAcFQQZNQAGEBkYAWEVAhYEFswBFtQBJkgmCBwYCAIAAAAAAAAAGAgBAAAAAAAAABYA"
    "KAgCAAAAAAAAABgIAQAAAAAAAAAREQAZLBUEFQAVAgAVABUQFQIAPCkGGSYABAAAABbMARYEJggW1AEAGRwYDEFSUk9XOnNjaGVtYRisAS8vLy8vM2dBQUFBUUFBQUFB"
    "QUFLQUF3QUJnQUZBQWdBQ2dBQUFBQUJCQUFNQUFBQUNBQUlBQUFBQkFBSUFBQUFCQUFBQUFFQUFBQVVBQUFBRUFBVUFBZ0FCZ0FIQUF3QUFBQVFBQkFBQUFBQUFBRUNF"
    "QUFBQUJ3QUFBQUVBQUFBQUFBQUFBRUFBQUJoQUFBQUNBQU1BQWdBQndBSUFBQUFBQUFBQVVBQUFBQT0AGCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAu"
    "MRkcHAAAAHYBAABQQVIx"
)
OBJECTS = {"txt": b"hello from the bucket\n", "csv": b"a,b\n1,2\n", "parquet": PARQUET}
ROLE = "arn:aws:sts::111122223333:assumed-role/Matrix/consumer"


class Server:
    """HTTP on a free port; `answer(handler, body)` gives (status, headers, bytes)."""

    def __init__(self, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def body(self):
                if self.headers.get("Transfer-Encoding", "") != "chunked":
                    length = int(self.headers.get("Content-Length") or 0)
                    return self.rfile.read(length) if length else None
                whole = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    whole += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return whole

            def go(self):
                status, headers, data = answer(self, self.body())
                headers = {name.lower(): value for name, value in headers}
                length = headers.pop("content-length", None)
                self.send_response(status)
                for name, value in headers.items():
                    if name not in ("transfer-encoding", "connection"):
                        self.send_header(name, value)
                # A HEAD has the length of what is not sent.
                self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = go

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


class Bucket:
    """A moto server, and the proxy before it. `seen`: each request with its time, path, access key id and whether it had a token."""

    def __init__(self, names):
        command = [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        self.moto = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        told = next(line for line in self.moto.stderr if "Running on" in line)
        self.target = told.split("http://")[1].strip()
        threading.Thread(target=lambda: [None for _ in self.moto.stderr], daemon=True).start()
        self.seen = []
        self.url = Server(self.answer).url
        self.put("/bkt", b"")
        for name in names:
            for end, content in OBJECTS.items():
                self.put(f"/bkt/{name}.{end}", content)
        self.seen.clear()

    def put(self, path, content):
        line = http.client.HTTPConnection(self.target)
        line.request("PUT", path, content)
        assert line.getresponse().status == 200, path

    def answer(self, request, body):
        signed = request.headers.get("Authorization", "")
        key = re.search(r"Credential=([^/]+)/", signed) or re.search(r"^AWS ([^:]+):", signed)
        self.seen.append((time.time(), request.path, key.group(1) if key else "", bool(request.headers.get("X-Amz-Security-Token"))))
        line = http.client.HTTPConnection(self.target)
        kept = {name: value for name, value in request.headers.items() if name.lower() not in ("transfer-encoding", "connection")}
        line.request(request.command, request.path, body, kept)
        got = line.getresponse()
        return got.status, got.getheaders(), got.read()


class Sts:
    """`ends`: when each session is over, by its access key id."""

    def __init__(self, life):
        self.life, self.ends = life, {}
        self.url = Server(self.answer).url

    def answer(self, _, body):
        asked = dict(urllib.parse.parse_qsl((body or b"").decode()))
        action = asked.get("Action", "")
        if action == "GetCallerIdentity":
            inner = f"<Arn>{ROLE}</Arn><UserId>AROA:consumer</UserId><Account>111122223333</Account>"
        else:
            key, end = f"ASIAMATRIX{len(self.ends):010d}", time.time() + self.life
            self.ends[key] = end
            until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
            inner = (f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>a-secret-of-the-matrix</SecretAccessKey>"
                     f"<SessionToken>a-token-of-the-matrix</SessionToken><Expiration>{until}</Expiration></Credentials>"
                     f"<AssumedRoleUser><Arn>{ROLE}</Arn><AssumedRoleId>AROA:consumer</AssumedRoleId></AssumedRoleUser>"
                     "<SubjectFromWebIdentityToken>s</SubjectFromWebIdentityToken><Audience>a</Audience><Provider>p</Provider>")
        text = (f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{inner}</{action}Result>'
                f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>")
        return 200, [("Content-Type", "text/xml")], text.encode()


def token():
    """As a workload has one; nobody here looks at its signature."""
    import json
    part = lambda what: base64.urlsafe_b64encode(json.dumps(what).encode()).rstrip(b"=").decode()
    now = int(time.time())
    claims = {"iss": "https://issuer.example.com", "sub": "consumer", "aud": "sts.amazonaws.com", "iat": now, "exp": now + 7200}
    return f"{part({'alg': 'RS256', 'typ': 'JWT', 'kid': 'k'})}.{part(claims)}.{part('signature')}"
