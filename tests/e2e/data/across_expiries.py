"""Asks STS who we are, over and over for so many seconds, with one client; prints the access keys used and the failures."""

import json
import sys
import time

import boto3

end = time.monotonic() + float(sys.argv[1])
session = boto3.Session()
client = session.client("sts")
keys, failures, calls = [], [], 0
client.meta.events.register(
    "before-send.sts.*",
    lambda request, **_: keys.append(request.headers["Authorization"].decode().split("Credential=")[1].split("/")[0]),
)
while time.monotonic() < end:
    calls += 1
    try:
        client.get_caller_identity()
    except Exception as error:  # whatever it is, it is a failed call
        failures.append(repr(error))
    time.sleep(0.25)
print(json.dumps({"calls": calls, "keys": sorted(set(keys)), "failures": failures}))
