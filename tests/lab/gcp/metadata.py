"""The metadata server of a virtual machine."""

from .signer import SERVICE_ACCOUNT

FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}
DEFAULT_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default"
VM = {"google": {"compute_engine": {"instance_id": "1", "project_id": "lab-project", "zone": "us-central1-a"}}}


def answer(request, signer):
    """Status, body and headers, or None for a path that is not its own."""
    if request.path == "/":
        return 200, "computeMetadata/\n", FLAVOR
    if not request.path.startswith("/computeMetadata/"):
        return None
    if request.headers.get("Metadata-Flavor") != "Google":
        return 403, "Missing Metadata-Flavor:Google header.", {}
    if "X-Forwarded-For" in request.headers:
        return 403, "X-Forwarded-For is not allowed.", {}
    if request.path == f"{DEFAULT_ACCOUNT}/identity":
        return _identity(request, signer)
    if request.path == f"{DEFAULT_ACCOUNT}/email":
        return 200, SERVICE_ACCOUNT, FLAVOR
    return 404, "not found", FLAVOR


def _identity(request, signer):
    audience = request.query.get("audience")
    if not audience:
        return 400, "non-empty audience parameter required", FLAVOR
    is_full = request.query.get("format") == "full"
    return 200, signer.id_token(audience, with_email=is_full, **(VM if is_full else {})), FLAVOR
