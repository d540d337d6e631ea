"""Asks STS fifty times who we are, with one session; prints the distinct answers as a JSON list.

With CLOCK, which names libfaketime's file, it puts the clock on by 3 minutes after half of the calls.
"""

import json
import os

import boto3

arns = set()
client = boto3.Session().client("sts")
for call in range(50):
    if call == 25 and "CLOCK" in os.environ:
        with open(os.environ["CLOCK"], "w", encoding="utf-8") as clock:
            clock.write("+180")
    arns.add(client.get_caller_identity()["Arn"])
print(json.dumps(sorted(arns)))
