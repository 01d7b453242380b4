#!/usr/bin/env bash
# Does cytoscribe work with the lowest versions that pyproject.toml allows? Resolves them, installs them into an environment of their
# own, imports every command and runs a quick part of the tests.
#
#     bash benchmarks/lowest_versions.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-$(mktemp -d)}
uv pip compile --quiet --universal --python-version 3.11 --resolution lowest-direct --group dev pyproject.toml --output-file "$folder/lowest.txt"
uv venv --quiet --python 3.11 "$folder/env"
uv pip install --quiet --python "$folder/env/bin/python" --requirement "$folder/lowest.txt"
uv pip install --quiet --python "$folder/env/bin/python" --no-deps --editable .
"$folder/env/bin/python" - <<'PY'
from cytoscribe.cli import STAGES, command

for name in STAGES:
    command(name)
print(len(STAGES), "commands import with the lowest versions")
PY
"$folder/env/bin/python" -m pytest tests/cytoscribe/core tests/literature_mining/claims/test_reader.py tests/captions/gate \
  tests/training/test_losses.py tests/training/rejection tests/eval/metrics
