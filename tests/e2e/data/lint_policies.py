"""Checks what `fedcred trust-policy --format json` prints, in the file that is its argument, with parliament: actions, condition keys and
resources as the Service Authorization Reference has them. Prints the findings as a JSON list."""

import json
import sys

from parliament import analyze_policy_string

with open(sys.argv[1]) as file:
    shown = json.load(file)
trust = shown["trust_policy"]
provider = (shown["provider"] or {}).get("url", "").removeprefix("https://")


def findings(policy):
    return analyze_policy_string(json.dumps(policy), include_community_auditors=False).findings


def is_of_an_oidc_provider(finding):
    # parliament knows the issuers that AWS knows; of any other the keys begin with its name.
    text = str(finding)
    return provider and (
        finding.issue == "UNKNOWN_FEDERATION_SOURCE" and f":oidc-provider/{provider} " in text
        or finding.issue == "UNKNOWN_CONDITION_FOR_ACTION"
        and any(f"Unknown condition {provider}:{key} for action sts:AssumeRoleWithWebIdentity " in text for key in ("aud", "sub"))
    )


# A trust policy's resource is its role, and goes without saying; parliament wants it said.
for statement in trust["Statement"]:
    statement["Resource"] = shown["role"]["arn"]
found = [str(finding) for finding in findings(trust) if not is_of_an_oidc_provider(finding)]
for name, policy in shown["permissions"].items():
    found += [f"{name}: {finding}" for finding in findings(policy)]
json.dump(found, sys.stdout)
