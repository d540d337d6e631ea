"""Prints the misspelt words of the project's texts: spell.py ROOT CODESPELL WORDS

Prints nothing if all is well. Texts are README, CHANGELOG, the topics, and in the sources strings of several words, all
without code. aspell knows British English; WORDS has the words of the field that are a letter away from one of it. codespell
finds the usual slips in all of the sources, comments and names too.
"""

import pathlib
import re
import subprocess
import sys

root, codespell, words = map(pathlib.Path, sys.argv[1:])
# What is written in other languages there, or is a word of a protocol.
FOREIGN = ["src/identity/saml/extract/words*", "src/identity/saml/extract/tests*", "src/identity/saml/extract/charset.rs",
           "src/identity/saml/diagnosis.rs", "src/identity/saml/ending.rs", "src/identity/saml/auth/button.rs"]


def prose(text):
    """The text without code, addresses and placeholders."""
    return re.sub(r"```.*?```|`[^`\n]*`|https?://\S+|\]\([^)]*\)|\{[^}]*\}", " ", text, flags=re.S)


def of_source(text):
    """The strings that are more than a word."""
    text = text.split("#[cfg(test)]")[0]
    # In a raw string a backslash is itself.
    strings = re.findall(r'(\br)?"((?:[^"\\\n]|\\.)*)"', text)
    return prose("\n".join([*(s if raw else re.sub(r"\\.", " ", s) for raw, s in strings if " " in s), ""]))


def plain(token):
    """A word, perhaps at the end of a sentence or with a hyphen; not a path, a setting or an ARN."""
    word = token.group(0)
    return word if re.fullmatch(r"[A-Za-z]+[-.:/][A-Za-z]*[.:]?", word) else " "


def is_slip(word, other):
    """Whether one letter too many, too few or wrong, or two exchanged, make one word the other."""
    start = next((i for i, (a, b) in enumerate(zip(word, other)) if a != b), min(len(word), len(other)))
    word, other = word[start:], other[start:]
    return word[1:] == other[1:] or word[1:] == other or word == other[1:] or (word[:2] == other[1::-1] and word[2:] == other[2:])


texts = [root / "README.md", root / "packaging/CHANGELOG.md", *(root / "src/cli/topics").glob("*.md")]
text = "\n".join(prose(path.read_text()) for path in texts)
for path in (root / "src").rglob("*.rs"):
    if path.name not in ("tests.rs", "words.rs") and "tests" not in path.parts:
        text += of_source(path.read_text())
text = re.sub(r"[A-Za-z]*[_/.:=@\\$%<>-][A-Za-z0-9_/.:=@\\$%<>-]*", plain, text)
aspell = ["aspell", "--lang=en_GB-ise", "--encoding=utf-8", "--ignore-case"]
found = set(subprocess.run([*aspell, "list"], input=text, capture_output=True, text=True, check=True).stdout.split())
unknown = sorted(word for word in found - set(words.read_text().split()) if len(word) > 4 and word.islower())
# A new name or term is no fault: a slip is one letter away from a word.
proposals = subprocess.run([*aspell, "pipe"], input="\n".join(unknown), capture_output=True, text=True, check=True).stdout
for line in proposals.splitlines():
    if line.startswith("&"):
        word, near = line.split()[1], line.split(": ")[1].split(", ")
        slips = [other for other in near if is_slip(word, other.lower()) and not {" ", "-"} & set(other)]
        if slips:
            print(f"{word}: {', '.join(slips)}?")
skip = ",".join(str(root / path) for path in FOREIGN)
usual = [codespell, "--skip", skip, "--ignore-words-list", "aks,assum,fiel,notin,regoin,ser,te,wronly", root / "README.md", root / "src", root / "packaging"]
print(subprocess.run(usual, capture_output=True, text=True).stdout, end="")
