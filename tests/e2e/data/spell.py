"""Prints the words of the project's texts that no dictionary has: spell.py ROOT CODESPELL WORDS

Texts are README, CHANGELOG, the topics, and in the sources strings of several words, all without code. aspell knows British
English; WORDS has the words of the field. codespell finds the usual slips in all of the sources, comments and names too.
"""

import pathlib
import re
import subprocess
import sys

root, codespell, words = map(pathlib.Path, sys.argv[1:])
# What is written in other languages there, or is a word of a protocol.
FOREIGN = ["src/identity/saml/extract/words*", "src/identity/saml/extract/tests.rs", "src/identity/saml/extract/charset.rs",
           "src/identity/saml/ending.rs", "src/identity/saml/auth/button.rs"]


def prose(text):
    """The text without code, addresses and placeholders."""
    return re.sub(r"```.*?```|`[^`\n]*`|https?://\S+|\]\([^)]*\)|\{[^}]*\}", " ", text, flags=re.S)


def of_source(text):
    """The strings that are more than a word."""
    text = text.split("#[cfg(test)]")[0]
    strings = re.findall(r'"((?:[^"\\\n]|\\.)*)"', text)
    return prose("\n".join([*(re.sub(r"\\.", " ", s) for s in strings if " " in s), ""]))


def plain(token):
    """A word, perhaps at the end of a sentence or with a hyphen; not a path, a setting or an ARN."""
    word = token.group(0)
    return word if re.fullmatch(r"[A-Za-z]+[-.:/][A-Za-z]*[.:]?", word) else " "


texts = [root / "README.md", root / "packaging/CHANGELOG.md", *(root / "src/cli/topics").glob("*.md")]
text = "\n".join(prose(path.read_text()) for path in texts)
for path in (root / "src").rglob("*.rs"):
    if path.name not in ("tests.rs", "words.rs") and "tests" not in path.parts:
        text += of_source(path.read_text())
text = re.sub(r"[A-Za-z]*[_/.:=@\\$%<>-][A-Za-z0-9_/.:=@\\$%<>-]*", plain, text)
aspell = ["aspell", "list", "--lang=en_GB-ise", "--encoding=utf-8", "--ignore-case"]
found = set(subprocess.run(aspell, input=text, capture_output=True, text=True, check=True).stdout.split())
known = set(words.read_text().split())
unknown = sorted(word for word in found - known if len(word) > 2 and not word.isupper())
print("\n".join(unknown), end="")
skip = ",".join(str(root / path) for path in FOREIGN)
slips = [codespell, "--skip", skip, "--ignore-words-list", "aks,assum,fiel,notin,regoin,ser,te,wronly", root / "README.md", root / "src", root / "packaging"]
print(subprocess.run(slips, capture_output=True, text=True).stdout, end="")
