"""Build the site: python -m docs_site [FOLDER]. The default folder is build/site."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from docs_site import pages, reference
from tweetpipe.project import ROOT

_CONFIGURATION = Path(__file__).with_name("zensical.toml")
_SEARCH = Path(__file__).with_name("iframe-worker.js")
_STYLES = Path(__file__).with_name("extra.css")


def build(folder: Path) -> int:
    """Build into a new folder; return the generator's exit code, not 0 if a link is broken.

    Intermediate files are in a second folder next to it.
    """
    work = folder.with_name(f"{folder.name}.pages")
    for each in (work, folder):
        shutil.rmtree(each, ignore_errors=True)
    sources = work / "docs"
    sources.mkdir(parents=True)
    pages.write(sources)
    reference.write(sources)
    shutil.copyfile(_CONFIGURATION, work / _CONFIGURATION.name)
    for each in (_SEARCH, _STYLES):
        shutil.copyfile(each, sources / each.name)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    code = subprocess.run([*command, "--config-file", str(work / _CONFIGURATION.name)]).returncode
    if code == 0:
        (work / "site").rename(folder)
        shutil.rmtree(work)
    return code


def main() -> int:
    """Run the command, and return its exit code."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"
    code = build(folder.resolve())
    if code == 0:
        sys.stdout.write(f"{folder / 'index.html'} is ready to open; it needs no server.\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
