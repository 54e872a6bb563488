"""`python -m postguard`: what the service unit starts."""

from postguard.cli import main

if __name__ == "__main__":
    main()
