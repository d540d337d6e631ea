"""Asks STS fifty times who we are, with one session; prints the distinct answers as a JSON list."""

import json

import boto3

arns = set()
client = boto3.Session().client("sts")
for _ in range(50):
    arns.add(client.get_caller_identity()["Arn"])
print(json.dumps(sorted(arns)))
