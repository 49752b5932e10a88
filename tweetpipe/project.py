"""Where the project's own files lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "infra" / "template.yaml"
PROCESSOR = ROOT / "processor"
PROCESSOR_REQUIREMENTS = ROOT / "requirements" / "processor.txt"
BUILD = ROOT / "build"
FUNCTION = BUILD / "function"
LOCALSTACK_HOME = ROOT / ".localstack"
