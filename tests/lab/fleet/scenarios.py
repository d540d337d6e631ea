"""What happens to a fleet. Each scenario starts with machines that have nothing and an empty store."""

import signal
import subprocess
import time

import simulate
from lab import SECRET
from machines import HOST, STORE, all_ended, ended, until
from origins import ACCOUNT, USER
from servers import acl_line

# Longer than a lease: `LEASE` of cache/redis_store.rs is 5 s, and as long as machines go on alone before they look again.
LEASE = 6.5


def equal(actual, expected, what):
    assert actual == expected, f"{what}: {actual}, not {expected}"


def keys_of(outcomes):
    failed = [outcome.stderr for outcome in outcomes if outcome.status != 0]
    assert not failed, f"{len(failed)} of {len(outcomes)} failed, the first with: {failed[0]}"
    return {outcome.key for outcome in outcomes}


def at_most_once_a_machine(lab):
    assert lab.services.attempts <= len(lab.machines), f"{lab.counts()} by {len(lab.machines)} machines"


def crowd(lab):
    """All machines and processes at once, with nothing: the login does not end before all of them are there."""
    machines = lab.fresh()
    started = time.monotonic()
    lab.services.gate.clear()
    first = [machine.start("get", "lab") for machine in machines]
    until(lambda: lab.services.attempts == 1, "one is at the identity provider")
    crowds = [machine.crowd(lab.arguments.processes - 1) for machine in machines]
    until(lambda: all(crowd.are_there() for crowd in crowds), "all have begun")
    lab.services.gate.set()
    outcomes = all_ended(first) + [outcome for crowd in crowds for outcome in crowd.outcomes()]
    keys = keys_of(outcomes)
    equal((len(keys), lab.services.attempts, lab.services.sts_calls), (1, 1, 1), "credentials, logins, STS calls")
    hit = lab.redis.info("stats")["total_connections_received"]
    keys_of([machine.get() for machine in machines])
    after = int(lab.redis.info("stats")["total_connections_received"])
    equal(after - int(hit), 1, "connections of hits, beside the question itself")
    return f"{len(outcomes)} processes on {len(machines)} machines, {lab.counts()}, in {time.monotonic() - started:.1f} s"


def wrong_password(lab):
    machines = lab.fresh()
    lab.write("password", "wrong" + SECRET)
    lab.services.secrets.add("wrong" + SECRET)
    crowds = [machine.crowd(max(1, lab.arguments.processes // 10)) for machine in machines]
    outcomes = [outcome for crowd in crowds for outcome in crowd.outcomes()]
    codes = {outcome.code for outcome in outcomes}
    assert codes <= {"idp-rejected", "secret-refused-before"}, codes
    equal(lab.services.attempts, 1, "passwords sent")
    late = lab.newcomer().get()
    assert late.code in ("idp-rejected", "secret-refused-before"), late.stderr
    equal(lab.services.attempts, 1, "passwords sent, with a machine that came later")
    return f"{len(outcomes) + 1} processes, {lab.services.attempts} password sent, codes {sorted(codes)}"


def with_held_login(lab, machines, gate="gate"):
    """The first machine's login is held at the identity provider; the others wait for it."""
    getattr(lab.services, gate).clear()
    leader = machines[0].start("get", "lab")
    counted = "attempts" if gate == "gate" else "pages"
    until(lambda: getattr(lab.services, counted) == 1, "the leader is at the identity provider")
    followers = [machine.start("get", "lab") for machine in machines[1:]]
    time.sleep(1.5)
    equal(lab.services.attempts, int(gate == "gate"), "passwords sent while one leads")
    return leader, followers


def leader_killed(lab):
    machines = lab.fresh(4)
    leader, followers = with_held_login(lab, machines, "page_gate")
    leader.kill()
    lab.services.page_gate.set()
    keys = keys_of(all_ended(followers))
    before = lab.counts()
    equal((len(keys), lab.services.attempts), (1, 1), "credentials, passwords sent after one died before it")
    machines = lab.fresh(4)
    leader, followers = with_held_login(lab, machines)
    leader.kill()
    lab.services.gate.set()
    keys = keys_of(all_ended(followers))
    equal((len(keys), lab.services.attempts), (1, 2), "credentials, passwords sent after one died with it on its way")
    return f"before the password: {before}; after it: {lab.counts()}"


def store_killed(lab):
    machines = lab.fresh(4)
    leader, followers = with_held_login(lab, machines)
    lab.redis.kill()
    time.sleep(1)
    lab.services.gate.set()
    keys = keys_of(all_ended([leader, *followers]))
    at_most_once_a_machine(lab)
    faults = {machine.store_fault() for machine in machines}
    equal(faults, {"fleet-unreachable"}, "what status says")
    return f"{len(keys)} credentials, {lab.counts()} by {len(machines)} machines"


def store_restarted_empty(lab):
    machines = lab.fresh(4)
    leader, followers = with_held_login(lab, machines)
    lab.redis.kill()
    lab.redis.start()
    time.sleep(1)
    lab.services.gate.set()
    keys_of(all_ended([leader, *followers]))
    at_most_once_a_machine(lab)
    counted = lab.services.attempts
    time.sleep(LEASE)
    keys_of([machine.get("--force") for machine in machines])
    attempts = lab.services.attempts
    key = keys_of([lab.newcomer().get()])
    equal((len(key), lab.services.attempts), (1, attempts), "a machine that comes then takes what is shared")
    return f"{counted} password(s) sent by {len(machines)} machines, and none by one that came later"


def store_paused(lab):
    machines = lab.fresh(4)
    leader, followers = with_held_login(lab, machines)
    lab.redis.signal(signal.SIGSTOP)
    time.sleep(1)
    lab.services.gate.set()
    keys_of(all_ended([leader, *followers]))
    at_most_once_a_machine(lab)
    counted = lab.services.attempts
    late = lab.newcomer()
    late.configure(budget=300)
    began = time.monotonic()
    keys_of([late.get()])
    alone = time.monotonic() - began
    lab.redis.signal(signal.SIGCONT)
    time.sleep(LEASE)
    keys_of([machines[0].get("--force")])
    attempts = lab.services.attempts
    keys_of([lab.newcomer().get()])
    equal(lab.services.attempts, attempts, "passwords sent by a machine that comes after the pause")
    equal(machines[0].store_fault(), None, "what status says after it")
    return f"{counted} password(s) sent by 4 machines; a cold login beside a paused store took {alone:.2f} s; back by itself"


def parted(lab):
    machines = lab.fresh(4)
    apart = machines[1]
    leader, followers = with_held_login(lab, machines)
    apart.part()
    time.sleep(1)
    lab.services.gate.set()
    keys_of(all_ended([leader, *followers]))
    assert lab.services.attempts <= 2, lab.counts()
    counted = lab.counts()
    equal(apart.store_fault(), "fleet-unreachable", "what status says on the machine that is apart")
    equal({m.store_fault() for m in machines if m is not apart}, {None}, "what it says on the others")
    apart.join()
    time.sleep(LEASE)
    keys_of([apart.get("--force")])
    equal(apart.store_fault(), None, "what status says when it is back")
    return f"one of {len(machines)} machines apart: {counted}; back by itself"


def failed_over(lab):
    lines = f'store_sentinels = ["{STORE}:26379"]'
    machines = lab.fresh(4, sentinel=True)
    for machine in machines:
        machine.configure(lines, store="rediss://fedcred@fleet:6379/0")
    leader, followers = with_held_login(lab, machines)
    lab.sentinel.fail_over()
    time.sleep(1)
    lab.services.gate.set()
    keys_of(all_ended([leader, *followers]))
    at_most_once_a_machine(lab)
    counted = lab.counts()
    time.sleep(LEASE)
    keys_of([machines[0].get("--force")])
    attempts = lab.services.attempts
    late = lab.newcomer()
    late.configure(lines, store="rediss://fedcred@fleet:6379/0")
    keys_of([late.get()])
    equal(lab.services.attempts, attempts, "passwords sent by a machine that asks the new primary")
    return f"{counted} by {len(machines)} machines; then the new primary serves"


def fenced(lab):
    """A leader is stopped until another one has led, and wakes."""
    machines = lab.fresh(3)
    leader, followers = with_held_login(lab, machines)
    leader.send_signal(signal.SIGSTOP)
    time.sleep(LEASE)
    lab.services.gate.set()
    keys = keys_of(all_ended(followers))
    equal((len(keys), lab.services.attempts), (1, 2), "credentials, passwords sent with one that is stopped")
    before = lab.redis.records()
    leader.send_signal(signal.SIGCONT)
    woken = ended(leader)
    after = lab.redis.records()
    lost = {name for name in before if name.endswith(".v3") and before[name] != after.get(name)}
    equal(lost, set(), "records that the late one has overwritten")
    equal(keys_of([lab.newcomer().get()]), keys, "what the fleet has")
    return f"{lab.counts()}; the late leader ended with {woken.code or 'its own credentials'} and changed no record"


def faults(lab):
    """Whatever is wrong with the store: each machine goes on alone, and says so with a code of its own."""
    told = {}

    def alone(name, expected, machine):
        keys_of([machine.get()])
        told[name] = machine.store_fault()
        equal(told[name], expected, f"what status says of a store that {name}")

    machines = lab.fresh(6)
    lab.redis.cli("CONFIG", "SET", "maxmemory", "1")
    alone("is full", "fleet-full", machines[0])
    lab.redis.cli("CONFIG", "SET", "maxmemory", "0")
    lab.redis.cli("REPLICAOF", STORE, "1")
    alone("is read-only", "fleet-read-only", machines[1])
    lab.redis.cli("REPLICAOF", "NO", "ONE")
    lab.redis.cli("ACL", "SETUSER", "fedcred", "off")
    alone("refuses", "fleet-refused", machines[2])
    lab.redis.cli("ACL", "SETUSER", "fedcred", "on")
    keys_of([machines[3].get()])
    machines[4].configure(key="other.key")
    alone("has another key", "fleet-key-differs", machines[4])
    equal(machines[3].store_fault(), None, "what status says where nothing is wrong")
    return ", ".join(f"{name}: {code}" for name, code in told.items())


def least_privilege(lab):
    """The user of `fedcred help fleet` may do what is needed, and nothing that is not."""
    machines = lab.fresh(3)
    lab.redis.cli("CONFIG", "RESETSTAT")
    keys_of([machine.get() for machine in machines])
    doctor = machines[0].run("doctor", "lab")
    forgotten = machines[0].run("logout", "lab")
    equal(forgotten.status, 0, f"logout, which says {forgotten.stderr!r}")
    keys_of([machines[1].get("--force")])
    # Only what a login that takes longer than a sign of life does.
    lab.services.gate.clear()
    held = machines[2].start("get", "lab", "--force")
    time.sleep(2.5)
    lab.services.gate.set()
    ended(held)
    line = acl_line("fleet")
    equal(acl_line("storage"), line, "the line of the other page")
    used, may = set(lab.redis.calls()), {word[1:] for word in line.split() if word.startswith("+")}
    refused = lab.redis.cli("ACL", "LOG").count("reason")
    equal(refused, 0, "refused commands")
    outside = used - may - {"auth", "hello", "client|setinfo"}
    equal(outside, set(), "commands beyond the line")
    unused = may - used
    assert unused <= {"exists", "srem", "select"}, f"allowed and not needed: {unused}"
    return f"{len(may)} commands allowed, all needed (exists and srem once a login has 128 records, select for another database than 0); doctor ended {doctor.status}"


def leaks(lab):
    """Nothing in the store tells who logs in where."""
    machines = lab.fresh(3)
    keys_of([machine.get() for machine in machines])
    lab.write("password", "wrong" + SECRET)
    lab.services.secrets.add("wrong" + SECRET)
    machines[0].get("--force")
    dump = lab.redis.dump()
    assert len(dump) > 1000, "there is nothing in it"
    known = [USER, ACCOUNT, "Fleet", HOST, "8443", "ASIAFLEET", *lab.services.secrets]
    found = [text for text in known if text.encode() in dump]
    equal(found, [], "what a dump of the store shows")
    names = sorted(lab.redis.records())
    memory = sum(int(lab.redis.cli("MEMORY", "USAGE", name)) for name in names)
    return f"{len(dump)} bytes, {len(names)} names in {memory} bytes of memory, {len(known)} texts looked for"


def metrics(lab):
    """What Prometheus is told of a machine that takes what the fleet has, and of one that goes on alone."""

    def shown(machine, sample):
        loop = machine.start("refresh", "lab", "--loop", "--metrics", "127.0.0.1:9464")
        ask = ["nsenter", f"--net=/run/netns/{machine.name}", "curl", "-s", "http://127.0.0.1:9464/metrics"]
        text = lambda: subprocess.run(ask, capture_output=True, text=True).stdout
        until(lambda: sample in text(), sample)
        loop.terminate()
        return loop.communicate()

    machines = lab.fresh(3)
    keys_of([machines[0].get()])
    shown(machines[1], 'fedcred_hits_total{profile="lab",store="redis"} 1.0')
    equal(lab.services.attempts, 1, "passwords sent")
    lab.redis.kill()
    shown(machines[2], 'fedcred_store_faults_total{profile="lab",code="fleet-unreachable"} 1.0')
    return "a hit of the fleet's store, and a fault of it"


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (
        crowd, wrong_password, leader_killed, store_killed, store_restarted_empty, store_paused, parted, failed_over,
        fenced, faults, least_privilege, leaks,
        metrics,
    )
}  # fmt: skip
SCENARIOS["thousand"] = simulate.thousand

