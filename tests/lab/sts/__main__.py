"""python -m sts --port N --idp-origin URL --idp-certificate FILE [--saml-provider NAME ISSUER FILE]… --oidc-issuer URL --google-issuer URL

$LAB_USER_SECRET_KEY is the secret access key of the account's user.
"""

import argparse
import os
import threading

from .account import lab_account
from .server import start
from .service import Service
from .sessions import Sessions


def main():
    """Serves until it is killed."""
    arguments = argparse.ArgumentParser(prog="sts")
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--idp-origin", required=True)
    arguments.add_argument("--idp-certificate", required=True)
    arguments.add_argument("--saml-provider", nargs=3, action="append", default=[], metavar=("NAME", "ISSUER", "FILE"))
    arguments.add_argument("--oidc-issuer", required=True)
    arguments.add_argument("--google-issuer", required=True)
    given = arguments.parse_args()
    account = lab_account(
        given.idp_origin,
        given.idp_certificate,
        given.saml_provider,
        given.oidc_issuer,
        given.google_issuer,
        os.environ["LAB_USER_SECRET_KEY"],
    )
    start(Service(account, Sessions(account.users)), given.port)
    threading.Event().wait()


main()
