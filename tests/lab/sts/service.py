"""One instance of STS: its operations, its faults, its journal. Account and sessions are shared between instances."""

from urllib.parse import parse_qsl

from . import sigv4
from .assume_role import assume_role
from .errors import StsError
from .faults import Faults
from .journal import Journal
from .saml import assume_role_with_saml
from .web_identity import assume_role_with_web_identity

VERSION = "2011-06-15"


class Service:
    """Answers calls."""

    def __init__(self, account, sessions):
        self.account = account
        self.sessions = sessions
        self.faults = Faults()
        self.journal = Journal()
        # Replaces the seconds that a session is asked for, so that a test need not wait for STS's least.
        self.lifetime = None

    def answer(self, headers, body, request_id):
        """Status and body of the answer to a call; raises DropConnection."""
        parameters = dict(parse_qsl(body.decode(), keep_blank_values=True))
        result = "no answer"
        try:
            self.faults.strike(parameters.get("Action"))
            xml = _envelope(parameters.get("Action"), self._operate(parameters, headers, body), request_id)
            result = "ok"
            return 200, xml
        except StsError as error:
            result = error.code
            return error.status, error.to_xml(request_id)
        finally:
            self.journal.called(parameters, headers, result)

    def _operate(self, parameters, headers, body):
        action, version = parameters.get("Action"), parameters.get("Version")
        if version == VERSION and action in UNSIGNED:
            if headers.get("X-Amz-Security-Token"):
                raise StsError("InvalidIdentityToken", "X-Amz-Security-Token on an unsigned call")
            return UNSIGNED[action](self, parameters)
        if version == VERSION and action in SIGNED:
            return SIGNED[action](self, sigv4.caller(self.sessions, headers, body), parameters)
        raise StsError("InvalidAction", f"Could not find operation {action} for version {version}")


def get_caller_identity(_service, caller, _parameters):
    """Who the caller is."""
    return f"<Arn>{caller.arn}</Arn><UserId>{caller.user_id}</UserId><Account>{caller.account}</Account>"


# Operations that prove the caller by a token: (service, parameters) to the result's content.
UNSIGNED = {
    "AssumeRoleWithSAML": assume_role_with_saml,
    "AssumeRoleWithWebIdentity": assume_role_with_web_identity,
}
# Operations that prove the caller by a signature: (service, caller, parameters) to the result's content.
SIGNED = {"AssumeRole": assume_role, "GetCallerIdentity": get_caller_identity}


def _envelope(action, content, request_id):
    return (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        f"  <{action}Result>{content}</{action}Result>\n"
        f"  <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>\n"
        f"</{action}Response>\n"
    )
