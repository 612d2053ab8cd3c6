"""Finds the binding and the tables of Tests/Python in the checkout."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent / "Bindings" / "Python"), str(TESTS / "Python")]
