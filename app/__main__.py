"""``python -m app`` is ``lifeboat``."""

from app.cli.main import main

if __name__ == "__main__":
    main()
