"""The limits of STS's parameters, as AWS's model of the service states them."""

import json
import re
import zlib

from .errors import StsError, validation


def required(parameters, *names):
    """Refuses a call that lacks one of the parameters."""
    for name in names:
        if not parameters.get(name):
            raise _violation("null", name, "Member must not be null")


def length(parameters, name, least, most):
    """Refuses a text that is too short or too long."""
    value = parameters[name]
    if len(value) < least:
        raise _violation(value, name, f"Member must have length greater than or equal to {least}")
    if len(value) > most:
        raise _violation(value[:64], name, f"Member must have length less than or equal to {most}")


def session_name(parameters):
    """Refuses a session name outside of its pattern."""
    length(parameters, "RoleSessionName", 2, 64)
    pattern = r"[\w+=,.@-]*"
    if not re.fullmatch(pattern, parameters["RoleSessionName"], re.ASCII):
        raise _violation(
            parameters["RoleSessionName"],
            "RoleSessionName",
            f"Member must satisfy regular expression pattern: {pattern}",
        )


def tags(parameters):
    """The session tags, by key; at most fifty, each key once."""
    found = {}
    for number in range(1, 52):
        key = parameters.get(f"Tags.member.{number}.Key")
        if key is None:
            return found
        if not 1 <= len(key) <= 128 or len(parameters.get(f"Tags.member.{number}.Value", "")) > 256:
            raise validation("1 validation error detected: a tag is too long")
        if key.lower() in (known.lower() for known in found):
            raise validation("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        found[key] = parameters[f"Tags.member.{number}.Value"]
    raise validation("1 validation error detected: Value at 'tags' failed to satisfy constraint: at most 50")


def transitive_keys(parameters):
    """The keys of the tags that go on to the next role of a chain."""
    return {value for name, value in parameters.items() if name.startswith("TransitiveTagKeys.member.")}


def duration_seconds(parameters, role):
    """The length of the session that is asked for, within STS's limits and the role's."""
    text = parameters.get("DurationSeconds", "3600")
    if not re.fullmatch(r"\d+", text):
        raise validation("Value for parameter DurationSeconds is not an integer")
    seconds = int(text)
    if seconds < 900:
        raise _violation(text, "DurationSeconds", "Member must have value greater than or equal to 900")
    if seconds > 43200:
        raise _violation(text, "DurationSeconds", "Member must have value less than or equal to 43200")
    if seconds > role.max_session_seconds:
        raise validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return seconds


def packed_policy_size(parameters):
    """Checks the session policy; the share of the allotted space it takes, in percent."""
    text = parameters.get("Policy")
    if text is None:
        return 0
    length(parameters, "Policy", 1, 2048)
    _check_policy(text)
    percent = len(zlib.compress(text.encode())) * 100 // 700
    if percent > 100:
        raise StsError(
            "PackedPolicyTooLarge",
            f"Packed policy consumes {percent}% of allotted space, please use smaller policy.",
        )
    return percent


def _check_policy(text):
    try:
        policy = json.loads(text)
    except ValueError:
        raise StsError("MalformedPolicyDocument", "This policy contains invalid Json") from None
    syntax = StsError("MalformedPolicyDocument", "Syntax errors in policy.")
    if not isinstance(policy, dict) or policy.get("Version") not in ("2012-10-17", "2008-10-17"):
        raise syntax
    statements = policy.get("Statement")
    statements = statements if isinstance(statements, list) else [statements]
    for statement in statements:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise syntax
        if "Principal" in statement:
            raise StsError("MalformedPolicyDocument", "Policy document should not specify a principal.")
        if not ({"Action", "NotAction"} & set(statement) and {"Resource", "NotResource"} & set(statement)):
            raise syntax


def _violation(value, name, constraint):
    member = name[0].lower() + name[1:]
    return validation(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )
