"""
Write the comparison of the laws of adaptation into its page: ``python -m tests.simulation.comparison``.
"""

import re

from tests.source import ROOT
from waiting_room.simulation import adaptation

PAGE = ROOT / "docs" / "adaptation.md"
BLOCK = re.compile(r"(<!-- comparison -->\n)(.*?)(<!-- end -->)", re.DOTALL)

if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BLOCK.sub(lambda found: found[1] + adaptation.table() + "\n" + found[3], text), encoding="utf-8")
