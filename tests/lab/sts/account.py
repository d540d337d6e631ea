"""What exists in the AWS account 111122223333: SAML providers and roles."""

from dataclasses import dataclass, field

ACCOUNT = "111122223333"


@dataclass
class SamlProvider:
    """An IdP that IAM knows: its entity id, and the PEM file of its signing certificate."""

    issuer: str
    certificate: str


@dataclass
class Role:
    """A role, how long its sessions may last, and whom its trust policy names."""

    max_session_seconds: int
    trusted: set = field(default_factory=set)


@dataclass
class Account:
    """Everything IAM knows, by ARN."""

    saml_providers: dict
    roles: dict


def lab_account(idp_origin, idp_certificate):
    """The account the lab's IdP federates into: one provider for each of its paths, each trusted by each role."""
    providers = {
        f"arn:aws:iam::{ACCOUNT}:saml-provider/{path}": SamlProvider(
            issuer=f"{idp_origin}/{path}/saml2/idp/metadata.php",
            certificate=idp_certificate,
        )
        for path in ("negotiate", "basic", "form", "proxied")
    }
    roles = {
        f"arn:aws:iam::{ACCOUNT}:role/Dev": Role(3600, set(providers)),
        f"arn:aws:iam::{ACCOUNT}:role/path/Admin": Role(43200, set(providers)),
    }
    return Account(providers, roles)
