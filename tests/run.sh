#!/usr/bin/env bash
# Installs everything into .venv and runs every check: format, lint, types, layers, tests.
set -euo pipefail
cd "$(dirname "$0")/.."

# The browser tests need Chromium; OpenCV needs its two system libraries. Elsewhere install them by hand.
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  while read -r package; do dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package"); done < packages.txt
  if [ "${#missing[@]}" -gt 0 ]; then
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  fi
fi

[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install -q -r requirements-dev.txt
.venv/bin/ruff format --check .
.venv/bin/ruff check .
.venv/bin/basedpyright --pythonpath .venv/bin/python
.venv/bin/lint-imports --no-cache
# A process a core, each with one thread, so that none waits for another.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
.venv/bin/python -m pytest -n logical --maxprocesses 4 --dist loadfile "$@"
