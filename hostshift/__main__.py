"""``python -m hostshift`` is the ``hostshift`` command."""

import sys

from hostshift.cli import main

sys.exit(main())
