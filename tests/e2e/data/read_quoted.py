"""Reads what fedcred wrote for other programs' files, by those programs' own readers: the argument names a JSON file with a list of
[grammar, meant, written]. Prints the list of those that were read otherwise, as JSON."""

import json
import os
import plistlib
import re
import subprocess
import sys
import tempfile
import tomllib

import hcl2
import yaml
from botocore.compat import compat_shell_split
from botocore.configloader import load_config, raw_config_parse


def file_of(text):
    with tempfile.NamedTemporaryFile("w", suffix=".ini", delete=False, encoding="utf-8", newline="") as file:
        file.write(text)
    return file.name


def aws(text, read=load_config):
    path = file_of(text)
    try:
        return read(path)
    finally:
        os.unlink(path)


def hcl(written):
    # The parser leaves escapes as they are written; an expression in the text would be one to it, too.
    (raw,) = hcl2.loads(f"x = {written}\n")["x"]
    assert not re.search(r"(?<![$])(?:[$][$])*[$]\{", raw) and not re.search(r"(?<!%)(?:%%)*%\{", raw), "an expression"
    known = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}

    def one(match):
        escape = match[1]
        return known[escape] if escape in known else chr(int(escape[1:], 16))

    raw = re.sub(r'\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[nrt"\\])', one, raw)
    return raw.replace("$${", "${").replace("%%{", "%{")


READERS = {
    "aws heading": lambda written: list(aws(f"{written}\nregion = eu-west-1\n")["profiles"]),
    "aws section": lambda written: list(aws(f"[{written}]\naws_access_key_id = x\n", raw_config_parse)),
    "aws value": lambda written: aws(f"[default]\nrole_session_name = {written}\noutput = json\n")["profiles"]["default"]["role_session_name"],
    "aws command": lambda written: compat_shell_split(
        aws(f"[default]\ncredential_process = {written}\noutput = json\n")["profiles"]["default"]["credential_process"]
    ),
    # SDKs that run a shell.
    "aws command by sh": lambda written: subprocess.run(
        ["sh", "-c", f"printf '%s\\0' {written}"], capture_output=True, check=True, text=True
    ).stdout.split("\0")[:-1],
    "toml": lambda written: next(iter(tomllib.loads(written).items())),
    "hcl": hcl,
    "yaml": lambda written: yaml.safe_load(f"args: [{written}]")["args"][0].replace("$$", "$"),
    "plist": lambda written: plistlib.loads(f'<plist version="1.0"><string>{written}</string></plist>'.encode()),
}

with open(sys.argv[1], encoding="utf-8") as file:
    cases = json.load(file)
wrong = []
for grammar, meant, written in cases:
    try:
        read = READERS[grammar](written)
    except Exception as why:
        read = f"{type(why).__name__}: {why}"
    if json.loads(json.dumps(read)) != meant:
        wrong.append([grammar, meant, written, read])
json.dump(wrong, sys.stdout)
