"""What can go wrong with the lab.

LabError: the lab broke, and a test that meets it has failed. Its two kinds tell
of the machine instead, and a test that meets them skips.
"""

from __future__ import annotations


class LabError(Exception):
    """The lab itself failed, not what is tested in it."""


class EngineUnavailable(LabError):  # noqa: N818 - the state of a machine
    """No engine can be had; the message is one line: what is missing, what to do."""


class ImagesUnavailable(LabError):  # noqa: N818 - the state of a machine
    """No image can be made; the message is one line: what is missing, what to do."""
