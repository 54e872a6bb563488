"""The artist's terminal, as the tests of the command line have it."""

from tests.unit.cli.conftest import terminal

__all__ = ["terminal"]
