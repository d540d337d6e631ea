"""AssumeRole: who may become which role, and for how long when the caller is a role already."""

import re
from datetime import datetime, timedelta, timezone

from . import constraints
from .errors import StsError, validation

LONGEST_CHAINED_SECONDS = 3600


def assume_role(service, caller, parameters):
    """The result element's content; raises StsError."""
    constraints.required(parameters, "RoleArn", "RoleSessionName")
    constraints.session_name(parameters)
    tags = constraints.tags(parameters)
    role = service.account.roles.get(parameters["RoleArn"])
    if role is None or not role.trusts_caller(caller) or role.external_id not in (None, parameters.get("ExternalId")):
        raise StsError(
            "AccessDenied",
            f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {parameters['RoleArn']}",
            403,
        )
    if ":assumed-role/" in caller.arn and _exceeds_chain(parameters):
        raise validation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
    seconds = constraints.duration_seconds(parameters, role)
    policy_percent = constraints.packed_policy_size(parameters)
    _check_transitive_tags(caller, tags)
    source_identity = _source_identity(caller, parameters)

    expires = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    session = service.sessions.issue(parameters["RoleArn"], parameters["RoleSessionName"], expires)
    session.transitive_tags = caller.transitive_tags | constraints.transitive_keys(parameters)
    session.source_identity = source_identity
    service.journal.issued(session)
    source = f"<SourceIdentity>{source_identity}</SourceIdentity>" if source_identity else ""
    return f"{session.to_xml()}{source}<PackedPolicySize>{policy_percent}</PackedPolicySize>"


def _exceeds_chain(parameters):
    seconds = parameters.get("DurationSeconds", "")
    return bool(re.fullmatch(r"\d+", seconds)) and int(seconds) > LONGEST_CHAINED_SECONDS


def _check_transitive_tags(caller, tags):
    """A tag that came down a chain cannot be set anew."""
    for key in caller.transitive_tags & set(tags):
        raise validation(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key"
            f" from the calling session: {key}"
        )


def _source_identity(caller, parameters):
    """Set once, it stays with the whole chain."""
    asked = parameters.get("SourceIdentity")
    if caller.source_identity and asked not in (None, caller.source_identity):
        raise validation("A source identity that was set cannot be changed.")
    return caller.source_identity or asked
