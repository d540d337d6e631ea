"""The fleet as a whole: its files, its servers, its machines."""

import os
import shlex
import shutil
import subprocess

from machines import HOST, STORE, Machine, make_network
from origins import Services
from servers import PASSWORD, Sentinel, Server, end_all

SECRET = "fleet-idp-password/%22"


class Lab:
    def __init__(self, folder, fedcred, arguments):
        self.folder, self.fedcred, self.arguments = folder, fedcred, arguments
        self.server_program = shlex.split(arguments.server)
        make_network()
        self._make_files()
        self.services = Services(HOST, f"{folder}/tls.pem", f"{folder}/tls.key", SECRET)
        self.redis = None
        self.sentinel = None
        self.machines, self.running = [], []
        self._next = 0

    def _make_files(self):
        request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9"]
        names = f"subjectAltName=IP:{HOST},IP:{STORE}"
        authority = ["-subj", "/CN=Fleet CA", "-keyout", self.path("ca.key"), "-out", self.path("ca.pem")]
        subprocess.run([*request, *authority], check=True, capture_output=True)
        leaf = ["-subj", "/CN=fleet", "-addext", names, "-addext", "basicConstraints=critical,CA:FALSE"]
        files = ["-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key")]
        files += ["-keyout", self.path("tls.key"), "-out", self.path("tls.pem")]
        subprocess.run([*request, *leaf, *files], check=True, capture_output=True)
        self.write("password", SECRET)
        self.write("store-password", PASSWORD)
        for name in ("fleet.key", "other.key"):
            made = subprocess.run([self.fedcred, "cache", "key", "new", self.path(name)], capture_output=True, text=True)
            assert made.returncode == 0, made.stderr

    def path(self, name):
        return f"{self.folder}/{name}"

    def write(self, name, text):
        with open(os.open(self.path(name), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)

    def fresh(self, count=None, cache="", sentinel=False):
        """So many new machines, and an empty store."""
        end_all()
        for process in self.running:
            process.kill()  # Of a scenario that failed.
        self.running.clear()
        while self.machines:
            machine = self.machines.pop()
            subprocess.run(["ip", "netns", "del", machine.name], check=False)
            shutil.rmtree(machine.home, ignore_errors=True)
        tls = self.path("ca.pem"), self.path("tls.pem"), self.path("tls.key")
        shutil.rmtree(self.path("store"), ignore_errors=True)
        if sentinel:
            self.sentinel = Sentinel(self.server_program, self.path("store"), STORE, tls)
            self.redis = self.sentinel.primary
        else:
            self.redis = Server(self.server_program, self.path("store"), STORE, 6379, tls)
        self.services.reset()
        self.services.lifetime = 3600
        self.write("password", SECRET)
        self.machines = [self.machine(cache) for _ in range(count or self.arguments.machines)]
        return self.machines

    def machine(self, cache=""):
        self._next += 1
        return Machine(self, self._next, cache)

    def newcomer(self, cache=""):
        """A machine that comes later."""
        self.machines.append(self.machine(cache))
        return self.machines[-1]

    def counts(self):
        s = self.services
        return f"{s.attempts} password(s) sent, {s.sts_calls} STS call(s)"
