"""What an instance was asked, without the secrets; and, apart, the secrets themselves for the leak check."""

import threading

SECRET_PARAMETERS = ("SAMLAssertion", "WebIdentityToken")


class Journal:
    """Two lists that only grow."""

    def __init__(self):
        self._calls = []
        self._secrets = []
        self._lock = threading.Lock()

    def called(self, parameters, headers, result):
        """Notes a call and how it ended: `ok`, or the error's code."""
        call = {
            "action": parameters.get("Action"),
            "parameters": {
                name: f"<{len(value)} characters>" if name in SECRET_PARAMETERS else value
                for name, value in parameters.items()
            },
            "signed": "Authorization" in headers,
            "user_agent": headers.get("User-Agent"),
            "result": result,
        }
        with self._lock:
            self._calls.append(call)
            for name in SECRET_PARAMETERS:
                if parameters.get(name):
                    self._secrets.append({"what": name, "value": parameters[name]})

    def issued(self, session):
        """Notes the secrets of a new session."""
        with self._lock:
            self._secrets.append({"what": "SecretAccessKey", "value": session.secret_access_key})
            self._secrets.append({"what": "SessionToken", "value": session.session_token})

    def calls(self):
        """The calls so far, oldest first."""
        with self._lock:
            return list(self._calls)

    def secrets(self):
        """What must be found nowhere."""
        with self._lock:
            return list(self._secrets)
