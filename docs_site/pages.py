"""Turn the project's documents into pages of the site; links lead to pages or copies of files."""

from __future__ import annotations

import posixpath
import re
import shutil
from pathlib import Path

from tweetpipe.project import ROOT

DOCUMENTS = {
    "README.md": "index.md",
    "README.ko.md": "korean.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "localstack_embedded/README.md": "embedded.md",
    "examples/clickstream/README.md": "clickstream.md",
    **{f"docs/{path.name}": path.name for path in sorted((ROOT / "docs").glob("*.md"))},
}
"""The page that each document becomes."""

_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)[^)\s#]+")
_DIAGRAM = re.compile(r"^```mermaid\n.*?^```$", re.MULTILINE | re.DOTALL)
_FLOW = "docs/images/flow.svg"


def write(folder: Path) -> None:
    """Write each page, and copy the files that they link to."""
    for document, page in DOCUMENTS.items():
        text = (ROOT / document).read_text(encoding="utf-8")
        (folder / page).write_text(_as_page(text, document, folder), encoding="utf-8")


def _as_page(text: str, document: str, folder: Path) -> str:
    above = posixpath.dirname(document)

    def followed(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(above, link[0]))
        if page := DOCUMENTS.get(target):
            return page
        copy = folder / "files" / target
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / target, copy)
        return f"files/{target}"

    # Drawing a diagram in the browser would need a library from another site.
    flow = posixpath.relpath(_FLOW, above or ".")
    text = _DIAGRAM.sub(f"![The flow of a record, and where it goes if it fails]({flow})", text)
    return _LINK.sub(followed, text)
