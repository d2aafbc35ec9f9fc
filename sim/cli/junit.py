"""JUnit XML of runs: what CI systems show. One test case per run, its metrics as properties."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from sim.files import write_text

if TYPE_CHECKING:
    from sim.cli.campaign import Job
    from sim.result import Result

# What XML 1.0 has no characters for (https://www.w3.org/TR/xml/#charsets).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def properties(result: Result) -> list[tuple[str, object]]:
    """Return verdict, protocol, seed, digest and every measured metric of a run."""
    fixed: dict[str, object] = {
        "verdict": result.verdict.status,
        "protocol": result.protocol,
        "seed": result.seed,
        "digest": result.digest,
    }
    measured = {name: value for name, value in result.metrics.items() if value is not None}
    return [*fixed.items(), *measured.items()]


@dataclass(slots=True)
class JUnit:
    """A test suite that grows run by run, and is written at the end."""

    path: Path
    suite: ElementTree.Element = field(
        default_factory=lambda: ElementTree.Element("testsuite", name="leadersim")
    )

    def add(self, job: Job, result: Result) -> None:
        """Take in a run that came to an end; one that did not pass is a failure."""
        case = self._case(job)
        listed = ElementTree.SubElement(case, "properties")
        for name, value in properties(result):
            ElementTree.SubElement(listed, "property", name=name, value=_text(str(value)))
        verdict = result.verdict
        if verdict.status != "pass":
            reason = verdict.reasons[0] if verdict.reasons else verdict.status
            failure = ElementTree.SubElement(case, "failure", type=verdict.status, message=_text(reason))
            failure.text = _text("\n".join([*verdict.reasons, f"replay: {job.replay}"]))

    def crashed(self, job: Job) -> None:
        """Take in a run that the current exception, a bug of ours, has ended."""
        error = ElementTree.SubElement(self._case(job), "error", message="a bug in leadersim")
        error.text = _text(f"{traceback.format_exc()}replay: {job.replay}")

    def _case(self, job: Job) -> ElementTree.Element:
        name = f"{job.scenario.name} seed {job.seed}"
        return ElementTree.SubElement(
            self.suite, "testcase", classname=job.scenario.protocol.name, name=name, file=str(job.path)
        )

    def write(self) -> None:
        """Write the file, whole; UserError if it cannot be."""
        kinds = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error"}
        for name, path in kinds.items():
            self.suite.set(name, str(len(self.suite.findall(path))))
        ElementTree.indent(self.suite)
        text = ElementTree.tostring(self.suite, encoding="unicode", xml_declaration=False)
        write_text(self.path, f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n')


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
