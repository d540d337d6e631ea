"""python -m gcp --port N --dir DIR"""

import argparse
import threading

from . import adc
from .server import start
from .signer import Signer


def main():
    """Writes the credential files and serves until it is killed."""
    arguments = argparse.ArgumentParser(prog="gcp")
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--dir", required=True)
    given = arguments.parse_args()
    origin = f"http://localhost:{given.port}"
    signer = Signer(origin)
    adc.write_files(given.dir, origin, signer)
    start(signer, given.port)
    threading.Event().wait()


main()
