"""Google's token endpoints: oauth2.googleapis.com, sts.googleapis.com, iamcredentials.googleapis.com."""

import jwt

from .adc import POOL_PROVIDER, SUBJECT_TOKEN
from .signer import SERVICE_ACCOUNT, USER_CLIENT_ID

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"

# What this server has given out, by what for.
SERVICE_ACCOUNT_TOKEN = "ya29.lab-service-account"
USER_TOKEN = "ya29.lab-user"
FEDERATED_TOKEN = "ya29.lab-federated"


def answer(request, signer):
    """Status, body and headers, or None for a path that is not its own."""
    if request.path == "/token":
        return _token(request.fields, signer)
    if request.path == "/v1/token":
        return _exchange(request.fields)
    if request.path.endswith(f"/serviceAccounts/{SERVICE_ACCOUNT}:generateIdToken"):
        return _generate_id_token(request, signer)
    return None


def _token(fields, signer):
    if fields.get("grant_type") == JWT_BEARER:
        try:
            claims = signer.check_assertion(fields.get("assertion", ""))
        except jwt.InvalidTokenError:
            return _refused("invalid_grant", "Invalid JWT Signature.")
        if "target_audience" in claims:
            return 200, {"id_token": signer.id_token(claims["target_audience"])}, {}
        if "scope" in claims:
            return 200, {"access_token": SERVICE_ACCOUNT_TOKEN, "expires_in": 3599, "token_type": "Bearer"}, {}
        return _refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    if fields.get("grant_type") == "refresh_token":
        if fields.get("refresh_token") == "revoked":
            return _refused("invalid_grant", "Token has been expired or revoked.")
        id_token = signer.id_token(USER_CLIENT_ID, azp=USER_CLIENT_ID, sub="lab-user")
        return 200, {"access_token": USER_TOKEN, "expires_in": 3599, "token_type": "Bearer", "id_token": id_token}, {}
    return _refused("unsupported_grant_type", "Invalid grant_type")


def _exchange(fields):
    if fields.get("grant_type") != TOKEN_EXCHANGE or fields.get("audience") != POOL_PROVIDER:
        return _refused("invalid_request", "Invalid value for the audience.")
    if fields.get("subject_token") != SUBJECT_TOKEN:
        return _refused("invalid_grant", "The given subject token is not valid.")
    return 200, {"access_token": FEDERATED_TOKEN, "issued_token_type": ACCESS_TOKEN, "token_type": "Bearer"}, {}


def _generate_id_token(request, signer):
    known = [f"Bearer {token}" for token in (SERVICE_ACCOUNT_TOKEN, USER_TOKEN, FEDERATED_TOKEN)]
    if request.headers.get("Authorization") not in known:
        error = {"code": 401, "message": "Request had invalid authentication credentials.", "status": "UNAUTHENTICATED"}
        return 401, {"error": error}, {}
    if not request.fields.get("audience"):
        error = {"code": 400, "message": "Request contains an invalid argument.", "status": "INVALID_ARGUMENT"}
        return 400, {"error": error}, {}
    token = signer.id_token(request.fields["audience"], with_email=bool(request.fields.get("includeEmail")))
    return 200, {"token": token}, {}


def _refused(code, description):
    return 400, {"error": code, "error_description": description}, {}
