"""Signature Version 4: who signed a call, if the signature is right."""

import hashlib
import hmac
import re
from datetime import datetime, timezone

from .errors import StsError

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/sts/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def caller(sessions, headers, body):
    """The session that signed a POST to `/`; raises StsError."""
    match = AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    if not match:
        raise StsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    session = sessions.find(match["key"])
    if session is None or headers.get("X-Amz-Security-Token") != session.session_token:
        raise StsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
    if datetime.now(timezone.utc) >= session.expires:
        raise StsError("ExpiredToken", "The security token included in the request is expired", 403)
    expected = _signature(session.secret_access_key, match, headers, body)
    if not hmac.compare_digest(expected, match["signature"]):
        raise StsError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
            403,
        )
    return session


def _signature(secret, match, headers, body):
    day, region, names = match["day"], match["region"], match["headers"]
    canonical_headers = "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in names.split(";"))
    canonical = f"POST\n/\n\n{canonical_headers}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/sts/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{headers['X-Amz-Date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in (day, region, "sts", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
