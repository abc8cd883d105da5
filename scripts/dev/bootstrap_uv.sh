#!/bin/sh
# Put uv, the Python package manager, into the project's own .uv folder.
# usage: bootstrap_uv.sh PYTHON
set -eu
python=$1
wanted='uv>=0.13,<0.14'

if [ -x .uv/bin/uv ] && .uv/bin/uv --version >/dev/null 2>&1; then
    exit 0
fi
rm -rf .uv
echo "Fetching uv into .uv"
if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$python" -m venv .uv
    .uv/bin/pip install --quiet --disable-pip-version-check "$wanted"
elif "$python" -m pip --version >/dev/null 2>&1; then
    # Debian splits venv off; a plain target folder needs pip alone.
    "$python" -m pip install --quiet --disable-pip-version-check --target .uv "$wanted"
else
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "calanque: $python has neither venv nor pip: install python$version-venv (Debian, Ubuntu)." >&2
    exit 1
fi
