"""Finds the binding in the checkout and fixes what is random."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

BINDING = Path(__file__).resolve().parents[2] / "Bindings" / "Python"
sys.path.insert(0, str(BINDING))
# Subprocesses that a test starts find it too.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, (str(BINDING), os.environ.get("PYTHONPATH")))
)

# Derandomized: the examples follow from the test's own code alone, so a failure comes again.
settings.register_profile(
    "aezip",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("aezip")
