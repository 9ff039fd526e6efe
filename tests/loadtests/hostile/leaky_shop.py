"""
The demo shop with a gate that somebody configured wrongly: the checkout needs no pass. Run like the shop itself.
"""

import sys

from loadtests.demo_shop import model
from loadtests.demo_shop.__main__ import main

if __name__ == "__main__":
    model.UNGATED = (*model.UNGATED, "/checkout")
    sys.exit(main())
