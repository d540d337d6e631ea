"""Fifty sessions in as many threads get their credentials at once; prints whom each access key stands for, as JSON."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import boto3

SESSIONS = 50
together = Barrier(SESSIONS)


def access_key(session):
    """The session's credentials come from its own run of the credential process."""
    together.wait()
    return session.get_credentials().access_key


sessions = [boto3.Session() for _ in range(SESSIONS)]
with ThreadPoolExecutor(SESSIONS) as pool:
    by_key = dict(zip(pool.map(access_key, sessions), sessions))
print(json.dumps([session.client("sts").get_caller_identity()["Arn"] for session in by_key.values()]))
