"""The files of Application Default Credentials, one of each kind."""

import json
import os

from .signer import KEY_ID, SERVICE_ACCOUNT, SERVICE_ACCOUNT_ID, USER_CLIENT_ID

SUBJECT_TOKEN = "subject.token.of-the-lab"
POOL_PROVIDER = (
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/lab/providers/lab"
)


def write_files(directory, origin, signer):
    """Writes `KIND.json` files, and the subject token that the external accounts present."""
    subject_file = os.path.join(directory, "subject.jwt")
    _write(subject_file, SUBJECT_TOKEN)
    for kind, content in _files(origin, signer, subject_file).items():
        _write(os.path.join(directory, f"{kind}.json"), json.dumps(content))


def _files(origin, signer, subject_file):
    service_account = {
        "type": "service_account",
        "project_id": "lab-project",
        "private_key_id": KEY_ID,
        "private_key": signer.private_key_pem(),
        "client_email": SERVICE_ACCOUNT,
        "client_id": SERVICE_ACCOUNT_ID,
        "token_uri": f"{origin}/token",
    }
    user = {
        "type": "authorized_user",
        "client_id": USER_CLIENT_ID,
        "client_secret": "lab-Cl1ent-secret-of-gcloud",
        "refresh_token": "lab-Refresh-token-of-gcloud",
        "token_uri": f"{origin}/token",
    }
    impersonation_url = f"{origin}/v1/projects/-/serviceAccounts/{SERVICE_ACCOUNT}:generateAccessToken"

    def impersonated(source):
        return {
            "type": "impersonated_service_account",
            "service_account_impersonation_url": impersonation_url,
            "delegates": [],
            "source_credentials": source,
        }

    external = {
        "type": "external_account",
        "audience": POOL_PROVIDER,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{origin}/v1/token",
        "credential_source": {"file": subject_file},
    }
    from_url = {"url": f"{origin}/subject", "headers": {"X-Lab": "yes"}, "format": _json_format("value")}
    command = f"{os.path.dirname(__file__)}/subject {subject_file}"
    return {
        "service_account": service_account,
        "authorized_user": user,
        "authorized_user-revoked": {**user, "refresh_token": "revoked"},
        "impersonated-by-service_account": impersonated(service_account),
        "impersonated-by-authorized_user": impersonated(user),
        "external_account": {**external, "service_account_impersonation_url": impersonation_url},
        "external_account-by-url": {
            **external,
            "service_account_impersonation_url": impersonation_url,
            "credential_source": from_url,
        },
        "external_account-by-executable": {
            **external,
            "service_account_impersonation_url": impersonation_url,
            "credential_source": {"executable": {"command": command, "timeout_millis": 5000}},
        },
        "external_account-without-impersonation": external,
    }


def _json_format(field):
    return {"type": "json", "subject_token_field_name": field}


def _write(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
