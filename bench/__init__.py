"""How fast it is (`make bench`), and what README and docs take from results (`make gallery`, `make statistics`)."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DATA = DOCS / "data"
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))
sys.path.insert(0, str(ROOT / "workflow"))  # where the package `study` is
