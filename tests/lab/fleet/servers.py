"""Redis or Valkey as a fleet uses it: TLS, and a user who may do no more than fedcred needs."""

import os
import signal
import subprocess
import time

TOPICS = f"{os.path.dirname(os.path.abspath(__file__))}/../../../src/cli/topics"


def acl_line(topic):
    """The user's line in a page of `fedcred help`."""
    with open(f"{TOPICS}/{topic}.md") as page:
        return next(line.strip() for line in page if line.startswith("user fedcred on >PASSWORD "))


# Beside those of that line, where sentinels are asked.
OF_SENTINELS = "+role"
ADMIN = "lab-admin-password"
PASSWORD = "fleet-store-password"


class Server:
    """One server, as a process that can be killed, stopped and started anew."""

    def __init__(self, program, folder, host, port, tls, more=(), more_commands=""):
        authority, certificate, key = tls
        self.program, self.folder, self.host, self.port = program, folder, host, port
        self.socket = f"{folder}/admin.sock"
        os.makedirs(folder, exist_ok=True)
        self.options = [
            "--port", "0", "--tls-port", str(port), "--bind", host, "--protected-mode", "no",
            "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority,
            "--tls-auth-clients", "no", "--tls-replication", "yes", "--masterauth", ADMIN,
            "--unixsocket", self.socket, "--dir", folder, "--save", "", "--appendonly", "no", "--rdbcompression", "no",
            "--repl-diskless-sync-delay", "0", "--logfile", f"{folder}/log", *more,
        ]  # fmt: skip
        with open(f"{folder}/users.acl", "w") as users:
            line = acl_line("fleet").replace(">PASSWORD", f">{PASSWORD}")
            users.write(f"user default on >{ADMIN} ~* &* +@all\n{line} {more_commands}\n")
        self.options += ["--aclfile", f"{folder}/users.acl"]
        self.start()

    def start(self):
        """Starts it, empty, and waits until it answers."""
        self.process = started([*self.program, *self.options])
        until(lambda: self.cli("PING").strip() == "PONG", f"{self.host}:{self.port} answers")

    def cli(self, *words):
        """What redis-cli prints, asked as the administrator over the local socket."""
        command = ["redis-cli", "-s", self.socket, "--no-auth-warning", "-a", ADMIN, *words]
        return subprocess.run(command, capture_output=True, text=True, errors="replace").stdout

    def info(self, section):
        """A section of INFO, as a dictionary."""
        lines = (line.split(":", 1) for line in self.cli("INFO", section).splitlines() if ":" in line)
        return {name: value.strip() for name, value in lines}

    def calls(self):
        """How often each command was called, those in scripts included, but for the administrator's own."""
        stats = self.info("commandstats")
        calls = {name.removeprefix("cmdstat_"): int(value.split(",")[0].split("=")[1]) for name, value in stats.items()}
        own = ("info", "ping", "config", "acl", "keys", "dump", "debug", "save", "flushall", "memory", "type")
        return {name: count for name, count in calls.items() if name.split("|")[0] not in own}

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def records(self):
        """Every name and what it holds, as the server would write it to a file."""
        names = self.cli("--raw", "KEYS", "*").split()
        return {name: self.cli("--raw", "DUMP", name) for name in names}

    def dump(self):
        """All of its memory as a file's bytes."""
        self.cli("SAVE")
        with open(f"{self.folder}/dump.rdb", "rb") as file:
            return file.read()


class Sentinel:
    """A server, its replica, and a sentinel that puts the one in place of the other."""

    def __init__(self, program, folder, host, tls):
        authority, certificate, key = tls
        self.primary = Server(program, f"{folder}/primary", host, 6379, tls, more_commands=OF_SENTINELS)
        replica = ("--replicaof", f"{host} 6379", "--replica-announce-ip", host)
        self.replica = Server(program, f"{folder}/replica", host, 6380, tls, replica, OF_SENTINELS)
        until(lambda: self.replica.info("replication").get("master_link_status") == "up", "the replica follows")
        path = f"{folder}/sentinel.conf"
        with open(path, "w") as conf:
            conf.write(
                f"port 0\ntls-port 26379\nbind {host}\nprotected-mode no\ndir {folder}\nlogfile {folder}/sentinel.log\n"
                f"tls-cert-file {certificate}\ntls-key-file {key}\ntls-ca-cert-file {authority}\ntls-auth-clients no\n"
                f"tls-replication yes\nsentinel monitor fleet {host} 6379 1\nsentinel auth-pass fleet {ADMIN}\n"
                "sentinel down-after-milliseconds fleet 1000\nsentinel failover-timeout fleet 5000\n"
            )
        started([*program, path, "--sentinel"])
        self.address = f"{host}:26379"
        log = f"{folder}/sentinel.log"
        until(lambda: os.path.exists(log) and "+slave" in open(log).read(), "the sentinel knows the replica")

    def fail_over(self):
        self.primary.kill()
        until(lambda: self.replica.info("replication").get("role") == "master", "the replica is the primary")


RUNNING = []


def started(command):
    RUNNING.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
    return RUNNING[-1]


def end_all():
    """Every server that was started ends, also one that is stopped."""
    for process in RUNNING:
        process.kill()
        process.wait()
    RUNNING.clear()


def until(is_so, what, seconds=20):
    """Waits for it. Fails if it does not come."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
