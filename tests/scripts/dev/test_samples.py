"""The samples in the docs are what the code writes."""

import runpy
from pathlib import Path

from tests.support.code import ROOT

FOLDER = ROOT / "docs/samples"


def test_samples_are_up_to_date(tmp_path: Path) -> None:
    script = runpy.run_path(str(ROOT / "scripts/dev/write_samples.py"))
    main = script["main"]
    main.__globals__["FOLDER"] = tmp_path

    main()

    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in FOLDER.iterdir()}
