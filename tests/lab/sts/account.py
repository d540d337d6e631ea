"""What exists in the AWS account 111122223333: identity providers, roles, a user."""

import re
from dataclasses import dataclass, field

from gcp.signer import SERVICE_ACCOUNT_ID, USER_CLIENT_ID

ACCOUNT = "111122223333"
# A provider that is registered, but whose keys nobody can fetch.
UNREACHABLE_ISSUER = "http://127.0.0.1:1"


@dataclass
class SamlProvider:
    """An IdP that IAM knows: its entity id, and the PEM file of its signing certificate."""

    issuer: str
    certificate: str


@dataclass
class Role:
    """A role, how long its sessions may last, and whom its trust policy names."""

    max_session_seconds: int
    # ARNs of SAML providers and of roles, issuers of OpenID providers, account ids.
    trusted: set = field(default_factory=set)
    external_id: str | None = None

    def trusts_caller(self, caller):
        """Whether a signed call may assume it: the caller's role, or all of its account."""
        role_arn = re.sub(r":sts::(\d+):assumed-role/([^/]+)/.*", r":iam::\1:role/\2", caller.arn)
        return bool({role_arn, caller.account} & self.trusted)


@dataclass
class User:
    """A user with long-term keys."""

    access_key_id: str
    secret_access_key: str
    arn: str


@dataclass
class Account:
    """Everything IAM knows: SAML providers and roles by ARN, client ids by the issuer of an OpenID provider."""

    saml_providers: dict
    oidc_providers: dict
    roles: dict
    users: list


def lab_account(idp_origin, idp_certificate, more_idps, oidc_issuer, google_issuer, user_secret):
    """The account the lab's identities federate into.

    Each path of the SAML IdP is a provider of its own, trusted by Dev and path/Admin, as is each of `more_idps` (name, issuer,
    certificate); Web trusts the OpenID provider, Google Google's side; Chain1 to Chain3 trust the account, External too if it is given the external id.
    """
    providers = {
        f"arn:aws:iam::{ACCOUNT}:saml-provider/{path}": SamlProvider(
            issuer=f"{idp_origin}/{path}/saml2/idp/metadata.php",
            certificate=idp_certificate,
        )
        for path in ("negotiate", "basic", "form", "proxied")
    }
    for name, issuer, certificate in more_idps:
        providers[f"arn:aws:iam::{ACCOUNT}:saml-provider/{name}"] = SamlProvider(issuer=issuer, certificate=certificate)
    oidc_providers = {
        oidc_issuer: {"cli", "cli-es256", "cli-crowd", "urn:lab:sts", "sts.amazonaws.com"},
        google_issuer: {SERVICE_ACCOUNT_ID, USER_CLIENT_ID, "sts.amazonaws.com"},
        UNREACHABLE_ISSUER: {"sts.amazonaws.com"},
    }
    chained = {
        f"arn:aws:iam::{ACCOUNT}:role/{name}": Role(43200, {ACCOUNT}) for name in ("Chain1", "Chain2", "Chain3")
    }
    roles = {
        f"arn:aws:iam::{ACCOUNT}:role/Dev": Role(3600, set(providers)),
        f"arn:aws:iam::{ACCOUNT}:role/path/Admin": Role(43200, set(providers)),
        f"arn:aws:iam::{ACCOUNT}:role/Web": Role(7200, {oidc_issuer, google_issuer, UNREACHABLE_ISSUER}),
        f"arn:aws:iam::{ACCOUNT}:role/Google": Role(3600, {google_issuer}),
        **chained,
        f"arn:aws:iam::{ACCOUNT}:role/External": Role(3600, {ACCOUNT}, external_id="lab-external"),
    }
    user = User("AKIALABUSER000000001", user_secret, f"arn:aws:iam::{ACCOUNT}:user/lab")
    return Account(providers, oidc_providers, roles, [user])
