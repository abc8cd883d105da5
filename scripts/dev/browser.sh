#!/bin/sh
# Print the path of a Chromium or Chrome for the browser tests; install Debian's one when root.
# CHROMIUM=/path chooses another.
set -u

find_browser() {
    if [ -n "${CHROMIUM:-}" ]; then
        [ -x "$CHROMIUM" ] && echo "$CHROMIUM" && return 0
        echo "calanque: CHROMIUM=$CHROMIUM is not a program." >&2
        exit 1
    fi
    for name in chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
        "/Applications/Chromium.app/Contents/MacOS/Chromium" \
        "$PWD"/.cache/browsers/chromium-*/chrome-linux*/chrome; do
        found=$(command -v "$name" 2>/dev/null) || continue
        # Ubuntu ships a stub that only tells to install a snap.
        "$found" --version >/dev/null 2>&1 || continue
        echo "$found"
        return 0
    done
    return 1
}

find_browser && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian's chromium for the browser tests" >&2
    {
        apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
    } >&2
    find_browser && exit 0
fi
echo "calanque: the browser tests need Chromium or Chrome: install the package chromium (Debian), Google Chrome (Ubuntu, macOS), or run 'PLAYWRIGHT_BROWSERS_PATH=.cache/browsers .venv/bin/playwright install --with-deps chromium', or set CHROMIUM=/path/to/it." >&2
exit 1
