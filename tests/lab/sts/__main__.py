"""python -m sts --port N --idp-origin URL --idp-certificate FILE"""

import argparse
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
    given = arguments.parse_args()
    account = lab_account(given.idp_origin, given.idp_certificate)
    start(Service(account, Sessions()), given.port)
    threading.Event().wait()


main()
