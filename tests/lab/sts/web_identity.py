"""AssumeRoleWithWebIdentity: verifies the token through its issuer's discovery document and keys."""

import json
import time
from datetime import datetime, timedelta, timezone
from urllib.request import urlopen

import jwt

from . import constraints
from .errors import StsError, access_denied, invalid_token

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
NOT_A_JWT = (
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference"
    " AssumeRoleWithWebIdentity documentation for requirements"
)
SIGNATURE_ONLY = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_sub": False}


def assume_role_with_web_identity(service, parameters):
    """The result element's content; raises StsError."""
    constraints.required(parameters, "RoleArn", "RoleSessionName", "WebIdentityToken")
    constraints.session_name(parameters)
    constraints.length(parameters, "WebIdentityToken", 4, 20000)
    token = parameters["WebIdentityToken"]

    header, claims = _parse(token)
    issuer = claims.get("iss", "")
    client_ids = service.account.oidc_providers.get(issuer)
    if client_ids is None:
        raise invalid_token(f"No OpenIDConnect provider found in your account for {issuer}")
    _check_signature(token, header, issuer)
    _check_expiry(claims)
    audience = _checked_audience(claims, client_ids)

    role = service.account.roles.get(parameters["RoleArn"])
    if role is None or issuer not in role.trusted:
        raise access_denied("AssumeRoleWithWebIdentity")
    seconds = constraints.duration_seconds(parameters, role)
    policy_percent = constraints.packed_policy_size(parameters)

    expires = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    session = service.sessions.issue(parameters["RoleArn"], parameters["RoleSessionName"], expires)
    service.journal.issued(session)
    return session.to_xml() + (
        f"<SubjectFromWebIdentityToken>{claims.get('sub')}</SubjectFromWebIdentityToken>"
        f"<Audience>{audience}</Audience>"
        f"<Provider>{issuer}</Provider>"
        f"<PackedPolicySize>{policy_percent}</PackedPolicySize>"
    )


def _parse(token):
    try:
        return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise invalid_token(NOT_A_JWT) from None


def _check_signature(token, header, issuer):
    if header.get("alg") not in ALGORITHMS:
        raise invalid_token("Invalid signature algorithm")
    try:
        keys = jwt.PyJWKSet.from_dict(_fetch(_fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")["jwks_uri"]))
    except (OSError, ValueError, KeyError, jwt.PyJWTError):
        raise invalid_token(NO_KEY) from None
    try:
        key = next(key for key in keys.keys if key.key_id == header.get("kid"))
        jwt.decode(token, key.key, algorithms=[header["alg"]], options=SIGNATURE_ONLY)
    except (StopIteration, jwt.InvalidTokenError):
        raise invalid_token("The signature of the ID Token could not be verified") from None


def _check_expiry(claims):
    now, expires = int(time.time()), claims.get("exp", 0)
    if now >= expires:
        raise StsError(
            "ExpiredTokenException",
            f"Token expired: current date/time {now} must be before the expiration date/time {expires}",
        )


def _checked_audience(claims, client_ids):
    """The authorized party stands for the audience where the token names one."""
    audiences = claims.get("azp") or claims.get("aud") or []
    audiences = [audiences] if isinstance(audiences, str) else audiences
    if not set(audiences) & client_ids:
        raise invalid_token("Incorrect token audience")
    return audiences[0]


def _fetch(url):
    with urlopen(url, timeout=5) as answer:
        return json.load(answer)
