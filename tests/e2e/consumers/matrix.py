"""Real clients against every way of getting credentials from fedcred.

usage: matrix.py once [CLIENT…]          each client in each way; prints the table as Markdown
       matrix.py loops exec|serve|process  clients that stay, while sessions last a minute

FEDCRED: the program; LAB_CONSUMERS: the clients. Run with the lab's Python, which has moto. A client works if the bucket saw a
request signed with the session that fedcred has, with its token, or if the client says that it is that session. Exit status 1
if a cell fails.
"""
import collections, json, os, pathlib, signal, subprocess, sys, tempfile, time
from clients import LOOPS, ONCE, READS_ITS_OWN_FILE
from stand_ins import ROLE, Bucket, Sts, token

FEDCRED = os.path.abspath(os.environ["FEDCRED"])
WAYS = {"process": "`credential_process`", "exec": "`exec`", "serve": "`serve`", "env": "`exec --env`"}


class World:
    def __init__(self, life, names):
        self.sts, self.bucket = Sts(life), Bucket(names)
        self.dir = tempfile.TemporaryDirectory(prefix="fedcred-consumers.")
        home = pathlib.Path(self.dir.name)
        for folder in (".aws", ".config/fedcred", "run"):
            (home / folder).mkdir(parents=True, mode=0o700)
        (home / "token").write_text(token())
        (home / ".config/fedcred/config.toml").write_text(
            f'[profile.dev]\nrole_arn = "arn:aws:iam::111122223333:role/Matrix"\nregion = "eu-west-1"\nsts_endpoint_url = "{self.sts.url}"\n'
            f'[profile.dev.web_identity]\nsource = "file"\ntoken_file = "{home}/token"\n')
        (home / ".config/fedcred/config.toml").chmod(0o600)
        (home / ".aws/config").write_text(f"[profile dev]\nregion = eu-west-1\ncredential_process = {FEDCRED} get dev\n")
        # What must not win over an endpoint, as somebody may have it.
        self.strangers = home / ".aws/credentials"
        nowhere = "http://127.0.0.1:9"
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": f"{home}/run",
                    "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
                    "AWS_METADATA_ENDPOINT": nowhere, "AWS_EC2_METADATA_SERVICE_ENDPOINT": nowhere,
                    "S3": self.bucket.url, "STS_URL": self.sts.url}
        self.server = None

    def served(self):
        """The variables that `serve` prints, as they are."""
        if self.server is None:
            child = subprocess.Popen([FEDCRED, "serve", "dev"], env=self.env, stdout=subprocess.PIPE, text=True)
            lines = [child.stdout.readline() for _ in range(3)]
            self.server = child, dict(line.strip().split("=", 1) for line in lines)
            # No file of another's stands in its way here: `serve` cannot change its clients' environment.
            self.server[1]["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"
        return self.server[1]

    def command(self, client, way):
        if way == "process":
            return client, {**self.env, "AWS_PROFILE": "dev", "AWS_SDK_LOAD_CONFIG": "1"}
        if way == "serve":
            return client, {**self.env, **self.served()}
        return [FEDCRED, "exec", "dev", *(["--env"] if way == "env" else []), "--", *client], self.env

    def end(self):
        if self.server:
            self.server[0].send_signal(signal.SIGTERM)
            self.server[0].wait(10)
        self.bucket.moto.kill()
        self.bucket.moto.wait()
        self.dir.cleanup()


def tried(world, client, way):
    world.bucket.seen.clear()
    argv, env = world.command(client, way)
    try:
        done = subprocess.run(argv, env=env, cwd=world.dir.name, capture_output=True, text=True, errors="replace", timeout=90, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "no end after 90 s"
    ours = max(world.sts.ends)
    said, keys = done.stdout + done.stderr, {(key, has_token) for _, _, key, has_token in world.bucket.seen}
    if (ours, True) in keys or ours in said or (ROLE in said and done.returncode == 0):
        return ""
    return f"exit {done.returncode}, signed by {sorted(key or 'nobody' for key, _ in keys)}: " + " | ".join(said.split("\n"))[-300:]


def once(only):
    world = World(3600, ["x"])
    subprocess.run([FEDCRED, "get", "dev"], env=world.env, stdout=subprocess.DEVNULL, check=True)
    table, failed = {}, False
    for name, (client, unknown) in ONCE.items():
        if only and name not in only:
            continue
        row = table[name] = {}
        for way in WAYS:
            if way in unknown:
                row[way] = "–"
                continue
            notes = " ¹" if way in READS_ITS_OWN_FILE.get(name, ()) else ""
            world.strangers.write_text("" if notes else "[default]\naws_access_key_id = AKIASTRANGER\naws_secret_access_key = x\n")
            began, why = time.time(), tried(world, client, way)
            # One that was slow under load gets a second chance.
            why = why and tried(world, client, way)
            row[way] = "no" if why else "yes" + notes
            failed |= bool(why)
            print(f"{name:48} {way:8} {time.time() - began:5.1f} s  {why or 'ok'}", file=sys.stderr, flush=True)
    world.end()
    print("| client | " + " | ".join(WAYS.values()) + " |\n|---|" + "---|" * len(WAYS))
    for name, row in table.items():
        print(f"| {name} | " + " | ".join(row[way] for way in WAYS) + " |")
    return failed


def loops(way, life=60, seconds=130):
    world = World(life, [f"l/{name}" for name in LOOPS])
    world.env["SECONDS_TO_RUN"] = str(seconds)
    argv = {name: world.command(client, way) for name, client in LOOPS.items()}
    began, running = time.time(), {}
    if way == "exec":
        # One endpoint for all of them.
        script = " & ".join(" ".join(f"'{word}'" for word in client) + f" >'{world.dir.name}/{name}.log' 2>&1" for name, client in LOOPS.items()) + " & wait"
        running["all"] = subprocess.Popen([FEDCRED, "exec", "dev", "--", "sh", "-c", script], env=world.env, cwd=world.dir.name, stdin=subprocess.DEVNULL)
    else:
        for name, (command, env) in argv.items():
            log = open(f"{world.dir.name}/{name}.log", "w")
            running[name] = subprocess.Popen(command, env=env, cwd=world.dir.name, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    for child in running.values():
        child.wait(seconds + 120)
    took, ends, told = time.time() - began, world.sts.ends, {}
    for name in LOOPS:
        mine = [one for one in world.bucket.seen if f"/l/{name}." in one[1]]
        log = pathlib.Path(world.dir.name, f"{name}.log").read_text()
        told[name] = {"requests": len(mine), "sessions": len({key for _, _, key, _ in mine}), "errors": log.count(" ERROR "),
                      "late": sum(key not in ends or at > ends[key] for at, _, key, _ in mine)}
        if " ERROR " in log:
            print(log[-500:], file=sys.stderr)
    world.end()
    # Renewed when a third is left.
    most = int(took / (life * 2 / 3)) + 2
    print(json.dumps({"clients": told, "logins": len(ends), "most": most}))
    return len(ends) > most or any(one["errors"] or one["late"] or one["requests"] < 5 or one["sessions"] < 2 for one in told.values())


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    sys.exit(once(rest) if what == "once" else loops(*rest))
