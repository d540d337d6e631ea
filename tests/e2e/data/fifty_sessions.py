"""Fifty sessions in as many threads ask STS who they are, all at once; prints the distinct answers as a JSON list."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import boto3

SESSIONS = 50
together = Barrier(SESSIONS)
sessions = [boto3.Session() for _ in range(SESSIONS)]


def who(session):
    """A session fetches its credentials when it makes its first client."""
    together.wait()
    return session.client("sts").get_caller_identity()["Arn"]


with ThreadPoolExecutor(SESSIONS) as pool:
    print(json.dumps(sorted(set(pool.map(who, sessions)))))
