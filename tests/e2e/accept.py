"""The service's side of one SPNEGO exchange: a token in base64 on stdin, what became of it on stdout.

Arguments: the keytab, and the channel binding's application data in hex if there has to be one.
Prints `complete`, `bound` and the answering token (base64, may be empty) in one line.
"""

import base64
import sys

import gssapi
from gssapi.raw import ChannelBindings

# Otherwise the binding keeps an error back until the context is looked at again.
gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False

# GSS_C_CHANNEL_BOUND_FLAG: the client sent bindings, and they are ours.
CHANNEL_BOUND = 2048

keytab = sys.argv[1]
bindings = ChannelBindings(application_data=bytes.fromhex(sys.argv[2])) if len(sys.argv) > 2 else None
context = gssapi.SecurityContext(
    creds=gssapi.Credentials(usage="accept", store={"keytab": keytab}), usage="accept", channel_bindings=bindings
)
try:
    token = context.step(base64.b64decode(sys.stdin.read()))
except gssapi.exceptions.GSSError as error:
    # What the mechanism wants a refused client to know.
    token = getattr(error, "token", None)
complete = bool(context.complete)
print(complete, complete and bool(int(context.actual_flags) & CHANNEL_BOUND), base64.b64encode(token or b"").decode())
