"""Files that attack whoever loads them, and files that do not, made by scripts.

Nothing here is vendored and nothing is ever unpickled: pickles are put together
from opcodes, archives from their records.  ``python -m tests.corpus FOLDER`` writes
every sample with a manifest, for whoever wants to hold another tool to it.
"""

from __future__ import annotations

from tests.corpus.samples import Sample, every_sample

__all__ = ["Sample", "every_sample"]
