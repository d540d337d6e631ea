# The lab's people. Their passwords are long and odd, so that finding one in a log means that it leaked.
# Sourced, never run.

export LAB_ALICE_PASSWORD='alice-Pa55-word-lab'
export LAB_BOB_PASSWORD='bob-Pa55-word-lab'
# Known to the KDC, unknown to the IdP: authenticated, then denied.
export LAB_CAROL_PASSWORD='carol-Pa55-word-lab'
# The KDC wants a new password first.
export LAB_EXPIRED_PASSWORD='expired-Pa55-word-lab'
# The KDC gives this one no ticket.
export LAB_LOCKED_PASSWORD='locked-Pa55-word-lab'

# The proxy's one user is proxy-user.
export LAB_PROXY_PASSWORD='proxy-Pa55-word-lab'

# What the lab's machine logs in with at the OpenID provider.
export LAB_OIDC_MACHINE_SECRET='machine-Pa55-word-lab'
# The secret access key of the lab's AWS user, AKIALABUSER000000001.
export LAB_USER_SECRET_KEY='user-Secret-access-key-of-the-lab'
