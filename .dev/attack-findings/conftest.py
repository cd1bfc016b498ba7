"""Run: cd /tmp/attack && PYTHONPATH=src:. /work/main/.venv/bin/python -m pytest -c /tmp/attack/pyproject.toml --rootdir /tmp/attack --confcutdir=/ -p tests.conftest /tmp/attack-findings -q -k sqlite"""
from tests.journeys.fixtures import *  # noqa
