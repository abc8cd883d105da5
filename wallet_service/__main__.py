"""Entry point of `python -m wallet_service`."""

import sys

from wallet_service.cli import main

if __name__ == "__main__":
    sys.exit(main())
