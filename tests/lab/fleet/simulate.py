"""A thousand machines against one store, with lifetimes cut: what they cost it.

A machine is a home of its own, without a network namespace. Its turns are those of `refresh --loop`: `fedcred refresh` says when
the next one is worth it, and is run again then. So each turn is the program itself, with a connection of its own, as in a pod.
"""

import heapq
import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor


LIFETIME = 120  # seconds; a window of a third, as for everything under twenty minutes
AT_ONCE = 6


class Turns:
    """The machines, in the order of their next turns."""

    def __init__(self, lab, count):
        self.lab, self.queue, self.failed, self.runs = lab, [], [], 0
        now = time.time()
        for number in range(count):
            home = lab.path(f"s{number}")
            os.makedirs(home)
            # They do not all start in one second.
            heapq.heappush(self.queue, (now + 20 * number / count, home))

    def turn(self, home):
        environment = {
            "HOME": home, "PATH": "/usr/bin:/bin", "FEDCRED_CONFIG": self.lab.path("simulated.toml"),
            "AWS_CA_BUNDLE": self.lab.path("ca.pem"), "FEDCRED_CACHE_DIR": f"{home}/cache",
        }  # fmt: skip
        run = subprocess.run([self.lab.fedcred, "refresh", "lab", "--json"], env=environment, capture_output=True, text=True)
        line = json.loads(run.stdout.splitlines()[0]) if run.stdout else {}
        if line.get("outcome") not in ("fresh", "refreshed"):
            self.failed.append(run.stdout + run.stderr)
        return home, line.get("next_refresh")

    def run(self, seconds):
        end = time.time() + seconds
        with ThreadPoolExecutor(AT_ONCE) as pool:
            running = set()
            while time.time() < end:
                while self.queue and self.queue[0][0] <= time.time() and len(running) < AT_ONCE:
                    running.add(pool.submit(self.turn, heapq.heappop(self.queue)[1]))
                done = {turn for turn in running if turn.done()}
                running -= done
                for turn in done:
                    home, at = turn.result()
                    self.runs += 1
                    heapq.heappush(self.queue, (_seconds(at) if at else time.time() + 5, home))
                time.sleep(0.005)


def _seconds(text):
    import datetime

    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def thousand(lab):
    count, seconds = lab.arguments.simulated, lab.arguments.seconds
    [model] = lab.fresh(1)
    lab.services.lifetime = LIFETIME
    with open(f"{model.home}/config.toml") as config:
        lab.write("simulated.toml", config.read())
    lab.redis.cli("CONFIG", "RESETSTAT")
    turns = Turns(lab, count)
    started = time.monotonic()
    turns.run(seconds)
    took = time.monotonic() - started
    calls, stats, memory = lab.redis.calls(), lab.redis.info("stats"), lab.redis.info("memory")
    logins = lab.services.attempts
    rounds = took / (LIFETIME * 2 / 3)
    assert not turns.failed, f"{len(turns.failed)} turns failed, the first with {turns.failed[0]}"
    assert logins <= 2 * rounds + 2, f"{logins} logins in {rounds:.1f} lifetimes"
    total = sum(calls.values())
    busiest = ", ".join(f"{name} {calls[name]}" for name in sorted(calls, key=calls.get, reverse=True)[:6])
    sent = int(stats["total_net_output_bytes"]) + int(stats["total_net_input_bytes"])
    return (
        f"{count} machines, {took:.0f} s, lifetime {LIFETIME} s: {turns.runs} turns, {logins} logins, "
        f"{lab.services.sts_calls} STS calls; {total / took:.1f} commands/s ({total / turns.runs:.2f} a turn: {busiest}), "
        f"{int(stats['total_connections_received']) / took:.1f} connections/s, {sent / turns.runs:.0f} bytes a turn, "
        f"{memory['used_memory_dataset']} bytes of data, {len(lab.redis.records())} names"
    )
