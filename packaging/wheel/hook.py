"""Names the wheel by the system that its programs are for (FEDCRED_WHEEL_PLATFORM, such as manylinux2014_x86_64), and lists what
goes into the environment as it does below /usr: libexec, manual and completions."""

import os
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{os.environ['FEDCRED_WHEEL_PLATFORM']}"
        tree = Path(self.root, "tree")
        for path in [*tree.glob("libexec/**/*"), *tree.glob("share/**/*")]:
            inside = path.relative_to(tree).as_posix()
            if path.is_file() and not inside.startswith("share/doc/"):
                build_data["shared_data"][str(path)] = inside
