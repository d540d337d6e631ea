"""Errors as STS answers them: a code, a sentence, an HTTP status."""

from xml.sax.saxutils import escape


class StsError(Exception):
    """A refusal, answered as an `ErrorResponse`."""

    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def to_xml(self, request_id):
        """The body of the answer."""
        fault = "Sender" if self.status < 500 else "Receiver"
        return (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
            f"  <Error><Type>{fault}</Type><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>\n"
            f"  <RequestId>{request_id}</RequestId>\n"
            "</ErrorResponse>\n"
        )


def invalid_token(message):
    """The token itself is refused."""
    return StsError("InvalidIdentityToken", message)


def expired_token():
    """The token came too late."""
    return StsError("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")


def access_denied(action):
    """The role's trust policy does not let this caller in."""
    return StsError("AccessDenied", f"Not authorized to perform sts:{action}", 403)


def validation(message):
    """A parameter outside of its limits."""
    return StsError("ValidationError", message)
