"""The machines of the fleet: a network namespace and a home each, on one bridge with the servers."""

import json
import os
import subprocess

from origins import PROVIDER, ROLE, USER
from servers import PASSWORD, until

HOST = "10.88.0.1"  # of the identity provider and STS
STORE = "10.88.0.2"  # of Redis
NOWHERE = "02:00:00:00:00:99"  # an Ethernet address that nobody has


def run(*words):
    subprocess.run(words, check=True)


def make_network():
    """The bridge with the servers' addresses. In fresh namespaces, so that it goes with this process."""
    run("mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", "/run")
    os.mkdir("/run/netns")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "fleet", "type", "bridge")
    for address in (HOST, STORE):
        run("ip", "address", "add", f"{address}/16", "dev", "fleet")
    run("ip", "link", "set", "fleet", "up")


class Outcome:
    """How one run of fedcred ended."""

    def __init__(self, status, stdout, stderr):
        self.status, self.stdout, self.stderr = status, stdout, stderr

    @property
    def key(self):
        """The access key's id of a success."""
        return json.loads(self.stdout)["AccessKeyId"] if self.status == 0 else None

    @property
    def code(self):
        """The code of a failure."""
        return self.stderr.partition("error[")[2].partition("]")[0] or None


class Machine:
    def __init__(self, lab, number, cache=""):
        self.lab, self.name, self.home = lab, f"m{number}", f"{lab.folder}/m{number}"
        self._make_network(number)
        os.makedirs(f"{self.home}/out")
        self.configure(cache)

    def _make_network(self, number):
        namespace = self.name
        run("ip", "netns", "add", namespace)
        run("ip", "link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", namespace)
        run("ip", "link", "set", f"v{number}", "master", "fleet", "up")
        run("ip", "-n", namespace, "link", "set", "lo", "up")
        run("ip", "-n", namespace, "address", "add", f"10.88.{1 + number // 250}.{1 + number % 250}/16", "dev", "eth0")
        run("ip", "-n", namespace, "link", "set", "eth0", "up")

    def configure(self, cache="", store=f"rediss://fedcred@{STORE}:6379/0", key="fleet.key", budget=3000):
        """`cache`: more lines of that table. `budget`, in milliseconds: that of an unoptimised program on a busy machine."""
        folder = self.lab.folder
        with open(os.open(f"{self.home}/config.toml", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(
                f'[cache]\nstore = "{store}"\nstore_password = {{ file = "{folder}/store-password" }}\n'
                f'store_ca_bundle = "{folder}/ca.pem"\nkey_file = "{folder}/{key}"\nstore_timeout_ms = {budget}\n{cache}\n'
                f'[profile.lab]\nrole_arn = "{ROLE}"\nregion = "eu-west-1"\nduration = "1h"\ndeadline = "60s"\n'
                f'sts_endpoint_url = "https://{HOST}:8444"\n[profile.lab.saml]\nprincipal_arn = "{PROVIDER}"\n'
                f'idp_url = "https://{HOST}:8443/sso"\nauth = "form"\nusername = "{USER}"\n'
                f'password = {{ file = "{folder}/password" }}\nca_bundle = "{folder}/ca.pem"\ntimeout = "50s"\n'
            )

    @property
    def environment(self):
        return {
            "HOME": self.home, "PATH": "/usr/bin:/bin", "FEDCRED_CONFIG": f"{self.home}/config.toml",
            "AWS_CA_BUNDLE": f"{self.lab.folder}/ca.pem", "TMPDIR": self.home,
        }  # fmt: skip

    def start(self, *arguments):
        """fedcred on this machine."""
        command = ["nsenter", f"--net=/run/netns/{self.name}", self.lab.fedcred, *arguments]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=self.environment, stdout=pipe, stderr=pipe, text=True)
        self.lab.running.append(process)
        return process

    def run(self, *arguments):
        return ended(self.start(*arguments))

    def get(self, *flags):
        return self.run("get", "lab", *flags)

    def crowd(self, count):
        """So many processes at once that want credentials."""
        return Crowd(self, count)

    def part(self):
        """Whatever it sends to Redis is lost, without a word."""
        run("ip", "-n", self.name, "neigh", "replace", STORE, "lladdr", NOWHERE, "dev", "eth0", "nud", "permanent")

    def join(self):
        run("ip", "-n", self.name, "neigh", "del", STORE, "dev", "eth0")

    def store_fault(self):
        """The code with which `status` says that it goes on alone, if it does."""
        status = json.loads(self.run("status", "--json").stdout)
        found = []
        look_for_codes(status, found)
        return next((code for code in found if code.startswith("fleet-")), None)


class Crowd:
    """Processes on one machine. They come after those that lead: a thousand of them share the processors of one host."""

    SCRIPT = (
        "i=0; while [ $i -lt $1 ]; do i=$((i+1)); ("
        '"$2" get lab >out/$i.out 2>out/$i.err; echo $? >out/$i.status) & done; wait'
    )

    def __init__(self, machine, count):
        self.folder, self.count = f"{machine.home}/out", count
        command = ["nice", "nsenter", f"--net=/run/netns/{machine.name}", "sh", "-c", self.SCRIPT, "sh", str(count)]
        self.shell = subprocess.Popen([*command, machine.lab.fedcred], env=machine.environment, cwd=machine.home)

    def are_there(self):
        return len(os.listdir(self.folder)) >= 2 * self.count

    def outcomes(self):
        self.shell.wait()
        read = lambda number, what: open(f"{self.folder}/{number}.{what}").read()
        numbers = range(1, self.count + 1)
        return [Outcome(int(read(n, "status")), read(n, "out"), read(n, "err")) for n in numbers]


def look_for_codes(value, found):
    if isinstance(value, dict):
        if isinstance(value.get("code"), str):
            found.append(value["code"])
        value = list(value.values())
    for inner in value if isinstance(value, list) else []:
        look_for_codes(inner, found)


def ended(process):
    stdout, stderr = process.communicate(timeout=150)
    return Outcome(process.returncode, stdout, stderr)


def all_ended(processes):
    return [ended(process) for process in processes]


__all__ = ["PASSWORD", "Machine", "all_ended", "ended", "make_network", "until"]
