"""The sessions that were issued, beside the keys of users, and how they look in an answer."""

import base64
import hashlib
import re
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .errors import validation


@dataclass
class Session:
    """Credentials and whom they stand for. A user's own keys have no session token."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None
    expires: datetime
    arn: str
    user_id: str
    account: str
    # What goes down a chain of roles.
    transitive_tags: set = field(default_factory=set)
    source_identity: str | None = None

    def to_xml(self):
        """The `Credentials` and `AssumedRoleUser` elements."""
        return (
            "<Credentials>"
            f"<AccessKeyId>{self.access_key_id}</AccessKeyId>"
            f"<SecretAccessKey>{self.secret_access_key}</SecretAccessKey>"
            f"<SessionToken>{self.session_token}</SessionToken>"
            f"<Expiration>{self.expires:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
            "</Credentials>"
            f"<AssumedRoleUser><AssumedRoleId>{self.user_id}</AssumedRoleId><Arn>{self.arn}</Arn></AssumedRoleUser>"
        )


class Sessions:
    """All sessions, by access key id; shared by every instance of the service."""

    def __init__(self, users):
        forever = datetime.max.replace(tzinfo=timezone.utc)
        self._by_key = {
            user.access_key_id: Session(
                user.access_key_id, user.secret_access_key, None, forever, user.arn, "AIDALABUSER", user.arn.split(":")[4]
            )
            for user in users
        }
        self._lock = threading.Lock()

    def issue(self, role_arn, session_name, expires):
        """A new session of a role."""
        match = re.fullmatch(r"arn:([\w-]+):iam::(\d{12}):role/(?:.*/)?([\w+=,.@-]{1,64})", role_arn)
        if not match:
            raise validation(f"{role_arn} is invalid")
        partition, account, role_name = match.groups()
        role_id = "AROA" + hashlib.sha1(role_arn.encode()).hexdigest()[:17].upper()
        session = Session(
            access_key_id="ASIA" + secrets.token_hex(8).upper(),
            secret_access_key=base64.b64encode(secrets.token_bytes(30)).decode(),
            session_token=base64.b64encode(secrets.token_bytes(400)).decode(),
            expires=expires,
            arn=f"arn:{partition}:sts::{account}:assumed-role/{role_name}/{session_name}",
            user_id=f"{role_id}:{session_name}",
            account=account,
        )
        with self._lock:
            self._by_key[session.access_key_id] = session
        return session

    def find(self, access_key_id):
        """The session of a key, or None."""
        with self._lock:
            return self._by_key.get(access_key_id)
