"""The key that stands for Google's: signs id_tokens, and belongs to the lab's service account as well."""

import json
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_ID = "lab-google"
SERVICE_ACCOUNT = "lab-sa@lab-project.iam.gserviceaccount.com"
SERVICE_ACCOUNT_ID = "123456789012345678901"
USER_CLIENT_ID = "lab-client.apps.googleusercontent.com"


class Signer:
    """Google's issuer, in the lab its own origin."""

    def __init__(self, issuer):
        self.issuer = issuer
        self._key = rsa.generate_private_key(65537, 2048)

    def private_key_pem(self):
        """As it stands in a service account's key file."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def jwks(self):
        """The public key, as verifiers fetch it."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}

    def sign(self, claims):
        """A JWT with exactly these claims."""
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    def id_token(self, audience, with_email=True, **more):
        """As Google issues one to the service account."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "azp": SERVICE_ACCOUNT_ID,
            "sub": SERVICE_ACCOUNT_ID,
            "iat": now,
            "exp": now + 3600,
        }
        if with_email:
            claims.update(email=SERVICE_ACCOUNT, email_verified=True)
        return self.sign({**claims, **more})

    def check_assertion(self, assertion):
        """The claims of a JWT that the service account signed for Google; raises jwt.InvalidTokenError."""
        return jwt.decode(
            assertion,
            self._key.public_key(),
            algorithms=["RS256"],
            audience="https://oauth2.googleapis.com/token",
            issuer=SERVICE_ACCOUNT,
            options={"require": ["exp", "iat", "iss", "aud"]},
        )
