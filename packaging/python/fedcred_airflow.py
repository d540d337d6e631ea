"""Apache Airflow sessions whose base credentials come from fedcred, and renew themselves.

It comes with the wheel; or put this file where Airflow imports from. Name the class in airflow.cfg:

    [aws]
    session_factory = fedcred_airflow.FedcredSessionFactory

A connection says which profile of fedcred's it is in its extra: {"federation": {"profile": "analytics"}}. With "username"
and "password" beside it, the profile reads them from the environment that fedcred is given here, never from a command
line: username = { env = "FEDCRED_USERNAME" }, password = { env = "FEDCRED_PASSWORD" }. A role_arn of the connection is
assumed on top, by Airflow. A connection without "federation" is what it is without this class.
"""

import json
import os
import subprocess
import sysconfig

import boto3
from airflow.providers.amazon.aws.hooks.base_aws import BaseSessionFactory
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.session import get_session

# Where fedcred is, if neither with this module, from one wheel, nor in PATH.
PROGRAM = "FEDCRED_PROGRAM"


def program():
    """The path or name of fedcred: a scheduler that is started by its path may not have its environment in PATH."""
    if os.environ.get(PROGRAM):
        return os.environ[PROGRAM]
    schemes = [None, f"{os.name}_user"]  # pip install, pip install --user
    folders = [sysconfig.get_path("scripts", *filter(None, [scheme])) for scheme in schemes]
    candidates = [os.path.join(folder, "fedcred") for folder in folders]
    return next((path for path in candidates if os.access(path, os.X_OK)), "fedcred")


class FedcredError(Exception):
    """fedcred gave no credentials: its own words."""


class FedcredSessionFactory(BaseSessionFactory):
    """A session factory for provider 8 and 9 of Amazon."""

    def _create_basic_session(self, session_kwargs):
        if not self.extra_config.get("federation"):
            return super()._create_basic_session(session_kwargs)
        first = self._fedcred()
        session = get_session()
        if first["expiry_time"]:
            session._credentials = RefreshableCredentials.create_from_metadata(
                metadata=first, refresh_using=self._fedcred, method="fedcred"
            )
        else:
            session._credentials = Credentials(
                first["access_key"], first["secret_key"], first["token"], method="fedcred"
            )
        region = session_kwargs.get("region_name") or self.region_name
        return boto3.Session(botocore_session=session, region_name=region)

    def _fedcred(self):
        """Credentials by fedcred, in botocore's words: kept in its cache until they are due."""
        federation = self.extra_config["federation"]
        environment = dict(os.environ)
        for name in ("username", "password"):
            if federation.get(name):
                environment["FEDCRED_" + name.upper()] = federation[name]
        run = subprocess.run(
            [program(), "get", "--", federation.get("profile", "default")],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        if run.returncode != 0:
            raise FedcredError(run.stderr.strip())
        given = json.loads(run.stdout)
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given.get("SessionToken"),
            "expiry_time": given.get("Expiration"),
        }
