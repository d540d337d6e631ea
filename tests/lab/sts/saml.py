"""AssumeRoleWithSAML: verifies the response's signature, and reads only what the signature covers."""

import base64
import binascii
import hashlib
import re
from datetime import datetime, timedelta, timezone

from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier
from signxml.exceptions import SignXMLException

from . import constraints
from .errors import StsError, access_denied, expired_token, invalid_token

NAMESPACES = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
RECIPIENT = "https://signin.aws.amazon.com/saml"
AUDIENCES = {"urn:amazon:webservices", RECIPIENT}
ATTRIBUTE = "https://aws.amazon.com/SAML/Attributes/"
NAME_ID_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
REDEEM_WITHIN = timedelta(minutes=5)


def assume_role_with_saml(service, parameters):
    """The result element's content; raises StsError."""
    constraints.required(parameters, "RoleArn", "PrincipalArn", "SAMLAssertion")
    constraints.length(parameters, "SAMLAssertion", 4, 100000)
    constraints.length(parameters, "RoleArn", 20, 2048)
    constraints.length(parameters, "PrincipalArn", 20, 2048)
    role_arn, principal_arn = parameters["RoleArn"], parameters["PrincipalArn"]

    response = _parse(parameters["SAMLAssertion"])
    provider = service.account.saml_providers.get(principal_arn)
    if provider is None:
        raise invalid_token("Specified provider doesn't exist")
    _check_status(response)
    assertion = _signed_assertion(response, provider)
    _check_issuer(assertion, provider)
    name_id = _name_id(assertion)
    _check_recipient_and_times(assertion)
    _check_audience(assertion)

    attributes = _attributes(assertion)
    _check_role_offered(attributes, role_arn, principal_arn)
    session_name = _session_name(attributes)
    role = service.account.roles.get(role_arn)
    if role is None or principal_arn not in role.trusted:
        raise access_denied("AssumeRoleWithSAML")
    seconds = constraints.duration_seconds(parameters, role)
    policy_percent = constraints.packed_policy_size(parameters)

    expires = _expiry(assertion, service.lifetime or seconds)
    session = service.sessions.issue(role_arn, session_name, expires)
    service.journal.issued(session)
    return session.to_xml() + (
        f"<Subject>{name_id.text}</Subject>"
        f"<SubjectType>{name_id.get('Format', '').removeprefix(NAME_ID_FORMAT)}</SubjectType>"
        f"<Issuer>{provider.issuer}</Issuer>"
        f"<Audience>{RECIPIENT}</Audience>"
        f"<NameQualifier>{_name_qualifier(provider.issuer, principal_arn)}</NameQualifier>"
        f"<PackedPolicySize>{policy_percent}</PackedPolicySize>"
    )


def _parse(text):
    try:
        xml = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise invalid_token("Invalid base64 SAMLResponse") from None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError:
        raise invalid_token("Invalid SAML response") from None
    if root.getroottree().docinfo.doctype or root.tag != f"{{{NAMESPACES['p']}}}Response":
        raise invalid_token("Invalid SAML response")
    return root


def _check_status(response):
    code = response.find("p:Status/p:StatusCode", NAMESPACES)
    if code is None or not code.get("Value", "").endswith(":Success"):
        raise StsError(
            "IDPRejectedClaim",
            "The identity provider (IdP) reported that authentication failed",
            403,
        )


def _signed_assertion(response, provider):
    """The assertion as the verifier saw it: under a signed response, or signed itself."""
    with open(provider.certificate, encoding="ascii") as file:
        certificate = file.read()
    for node in [response, *response.findall("a:Assertion", NAMESPACES)]:
        if node.find("ds:Signature", NAMESPACES) is None:
            continue
        try:
            signed = (
                XMLVerifier()
                .verify(
                    etree.tostring(node),
                    x509_cert=certificate,
                    id_attribute="ID",
                    expect_config=SignatureConfiguration(location="./"),
                )
                .signed_xml
            )
        except (SignXMLException, etree.LxmlError):
            continue
        assertion = signed if signed.tag.endswith("}Assertion") else signed.find("a:Assertion", NAMESPACES)
        if assertion is not None:
            return assertion
    raise invalid_token("Response signature invalid")


def _check_issuer(assertion, provider):
    if (assertion.findtext("a:Issuer", namespaces=NAMESPACES) or "").strip() != provider.issuer:
        raise invalid_token("Issuer not present in specified provider")


def _name_id(assertion):
    name_id = assertion.find("a:Subject/a:NameID", NAMESPACES)
    if name_id is None:
        raise access_denied("AssumeRoleWithSAML")
    return name_id


def _check_recipient_and_times(assertion):
    now = datetime.now(timezone.utc)
    confirmations = assertion.findall("a:Subject/a:SubjectConfirmation/a:SubjectConfirmationData", NAMESPACES)
    for_aws = [data for data in confirmations if data.get("Recipient") == RECIPIENT]
    if not for_aws:
        raise invalid_token("Recipient is not valid")
    if now >= _time(for_aws[0].get("NotOnOrAfter")) or now - _time(assertion.get("IssueInstant")) > REDEEM_WITHIN:
        raise expired_token()
    conditions = assertion.find("a:Conditions", NAMESPACES)
    if conditions is None:
        return
    if conditions.get("NotOnOrAfter") and now >= _time(conditions.get("NotOnOrAfter")):
        raise expired_token()
    if conditions.get("NotBefore") and now + REDEEM_WITHIN < _time(conditions.get("NotBefore")):
        raise invalid_token("Token not yet valid")


def _check_audience(assertion):
    audiences = {(audience.text or "").strip() for audience in assertion.iterfind(".//a:Audience", NAMESPACES)}
    if not audiences & AUDIENCES:
        raise invalid_token("Response does not contain the required audience")


def _attributes(assertion):
    """Attribute values by name."""
    return {
        attribute.get("Name"): [
            (value.text or "").strip() for value in attribute.findall("a:AttributeValue", NAMESPACES)
        ]
        for attribute in assertion.iterfind("a:AttributeStatement/a:Attribute", NAMESPACES)
    }


def _check_role_offered(attributes, role_arn, principal_arn):
    """Role and provider stand in one value, in either order."""
    offered = {frozenset(arn.strip() for arn in value.split(",")) for value in attributes.get(ATTRIBUTE + "Role", [])}
    if frozenset((role_arn, principal_arn)) not in offered:
        raise access_denied("AssumeRoleWithSAML")


def _session_name(attributes):
    names = attributes.get(ATTRIBUTE + "RoleSessionName") or [""]
    if not names[0]:
        raise invalid_token("RoleSessionName is required in AuthnResponse")
    pattern = r"[a-zA-Z_0-9+=,.@-]{2,64}"
    if not re.fullmatch(pattern, names[0]):
        raise invalid_token(f"RoleSessionName in AuthnResponse must match {pattern}")
    return names[0]


def _expiry(assertion, seconds):
    """A session ends no later than the IdP's own."""
    expires = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    statement = assertion.find("a:AuthnStatement", NAMESPACES)
    if statement is not None and statement.get("SessionNotOnOrAfter"):
        expires = min(expires, _time(statement.get("SessionNotOnOrAfter")))
    return expires


def _name_qualifier(issuer, principal_arn):
    account = principal_arn.split(":")[4]
    name = principal_arn.split("/")[-1]
    digest = hashlib.sha1(f"{issuer}{account}/{name}".encode()).digest()
    return base64.b64encode(digest).decode()


def _time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
