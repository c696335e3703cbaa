"""Run the command line: ``python -m costmodel``."""

from costmodel.cli.main import run

if __name__ == "__main__":
    run()
