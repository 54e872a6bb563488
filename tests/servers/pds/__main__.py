"""Install the PDS ahead of the tests: `python -m tests.servers.pds`."""

import sys

from tests.servers.pds import ensure_installed, why_not


def main() -> int:
    """Say where the PDS lies (0), or why the tests against it cannot run (1)."""
    reason = why_not()
    if reason is not None:
        sys.stderr.write(f"The real Bluesky PDS cannot run: {reason}\n")
        return 1
    sys.stdout.write(f"The real Bluesky PDS is installed in {ensure_installed().folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
