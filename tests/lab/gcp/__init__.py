"""Google's side, as a workload meets it: metadata server, token endpoint, token exchange, service account impersonation.

Written from Google's documentation and from what google-auth sends and takes. It signs real id_tokens, keeps a journal of
every request, and checks what Google checks of one.
"""
