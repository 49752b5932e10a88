"""What pyproject.toml can't express: the places of packages and data, and localstack-embedded.

`pip install .` and `pip install git+...` install localstack-embedded from the source in the
checkout, so it needn't be on a package index. The sdist, and so each release, gets it from the
index.

PyPI doesn't support relative addresses of images and links. So for a release, set
TWEETPIPE_REPOSITORY to the address of the repository, such as https://github.com/OWNER/NAME.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
EMBEDDED = "localstack-embedded"
VERSIONS = "~=0.1.0"

source = HERE / "localstack_embedded"
from_source = (source / "pyproject.toml").is_file() and "sdist" not in sys.argv


def requirements(name: str) -> list[str]:
    """Return the requirements in a file of requirements/."""
    lines = (HERE / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def readme() -> str:
    """Return README.md; in a release, its links lead to the files of that version."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    repository = os.environ.get("TWEETPIPE_REPOSITORY")
    if not repository:
        return text
    settings = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))
    version = settings["project"]["version"]

    def absolute(link: re.Match[str]) -> str:
        shown = "raw" if link["image"] else "blob"
        return f"{link['text']}({repository}/{shown}/v{version}/{link['path']})"

    return re.sub(r"(?P<text>(?P<image>!?)\[[^\]]*\])\((?!\w+:|#)(?P<path>[^)]+)\)", absolute, text)


setup(
    long_description=readme(),
    long_description_content_type="text/markdown",
    packages=[
        *find_packages(
            include=["fake_tweets*", "processor*", "producer*", "tweetpipe*", "tweets*"]
        ),
        "tweetpipe.examples.clickstream",
        "tweetpipe.infra",
        "tweetpipe.requirements",
    ],
    package_dir={
        "tweetpipe.examples.clickstream": "examples/clickstream",
        "tweetpipe.infra": "infra",
        "tweetpipe.requirements": "requirements",
    },
    package_data={
        "tweetpipe": ["dashboard/static/**"],
        "tweetpipe.examples.clickstream": ["README.md"],
        "tweetpipe.infra": ["template.yaml"],
        "tweetpipe.plan": ["prices.json"],
        "tweetpipe.requirements": ["processor.txt"],
    },
    include_package_data=False,
    install_requires=[
        *requirements("app.in"),
        f"{EMBEDDED} @ {source.as_uri()}" if from_source else f"{EMBEDDED}{VERSIONS}",
    ],
    extras_require={"plot": requirements("plot.in")},
)
