#!/bin/sh
cd /tmp/attack && PYTHONPATH=src:. exec /work/main/.venv/bin/python -m pytest -c /dev/null --rootdir /tmp --import-mode=importlib -p tests.conftest -p no:cacheprovider "$@"
