"""``python -m mvportrait`` is the command ``mvportrait``."""

from mvportrait.cli import main

if __name__ == "__main__":
    main()
