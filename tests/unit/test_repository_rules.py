"""The house rules hold everywhere, and each of them can fail."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.unit.repository_rules import (
    FileRule,
    Source,
    files_are_short,
    functions_are_short,
    names_say_something,
    nothing_but_the_seed_decides,
    nothing_is_printed,
    parse,
    public_things_have_docstrings,
    sources,
)
from tests.unit.repository_rules_data import message_classes, messages_stay_as_sent, sets_decide_no_order

LIBRARY = ("sim", "protocols", "analysis")
ENGINE = ("sim", "protocols")
EVERYTHING = (*LIBRARY, "tests", "benchmarks", "study")

# Where each rule holds, a snippet on which it fires, and the closest correct code, on which it must not.
RULES: dict[FileRule, tuple[tuple[str, ...], str, str]] = {
    files_are_short: (EVERYTHING, "x = 1\n" * 301, "x = 1\n" * 300),
    functions_are_short: (
        EVERYTHING,
        "def f():\n" + "    x = 1\n" * 60,
        'def f():\n    """Long\n\n    story.\n    """\n' + "    x = 1\n" * 59,
    ),
    names_say_something: (EVERYTHING, "class NodeManager: ...", "class Nodes: ..."),
    public_things_have_docstrings: (
        LIBRARY,
        '"""Module."""\nclass A:\n    """A."""\n    def b(self): ...',
        '"""Module."""\nclass A:\n    """A."""\n    def _b(self): ...',
    ),
    nothing_but_the_seed_decides: (
        ENGINE,
        "import numpy as np\nnp.random.default_rng()",
        "def f(host): host.random.random(); host.id; host.time()",
    ),
    nothing_is_printed: (LIBRARY, "print(1)", "report.print(1)"),
    sets_decide_no_order: (ENGINE, "for x in {1, 2}: pass", "for x in sorted({1, 2}): pass"),
    messages_stay_as_sent(message_classes(sources(*ENGINE))): (
        ENGINE,
        "def on_request(self, source: str, request: Request): request.serial += 1",
        "def on_request(self, source: str, request: Request): self.serial = request.serial",
    ),
}


def name_of(rule: FileRule) -> str:
    """Return the name that the report shows for a rule."""
    return rule.__qualname__.partition(".")[0]


def findings(rule: FileRule, *checked: Source) -> list[str]:
    """Return what the rule finds, as text."""
    return [str(finding) for source in checked for finding in rule(source)]


def lines(rule: FileRule, snippet: str, path: str = "sim/snippet.py") -> list[int]:
    """Return the lines of a snippet on which the rule fires."""
    return [finding.line for finding in rule(parse(path, dedent(snippet)))]


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_repository_keeps_the_rule(rule: FileRule) -> None:
    """No file breaks the rule; what is printed on failure says where and what to do instead."""
    folders, _, _ = RULES[rule]

    assert findings(rule, *sources(*folders)) == []


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_rule_fires_on_an_offence_and_not_beside_it(rule: FileRule) -> None:
    """A rule that cannot fail checks nothing."""
    _, offence, correct = RULES[rule]

    assert lines(rule, offence) != []
    assert lines(rule, correct) == []


@pytest.mark.parametrize(
    "offence",
    [
        "import time\ntime.time()",
        "import time as clock\nclock.monotonic()",
        "from time import perf_counter",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.now()",
        "import random\nrandom.random()",
        "from random import Random",
        "import uuid\nuuid.uuid4()",
        "import os\nos.urandom(8)",
        "import secrets\nsecrets.token_hex()",
        "hash('a')",
        "sorted(x, key=lambda node: id(node))",
    ],
)
def test_every_source_of_chance_and_time_is_banned(offence: str) -> None:
    """Design rule: no wall clock, no global randomness, no hash() or id() in anything recorded."""
    assert lines(nothing_but_the_seed_decides, offence) != []


def test_command_line_may_time_its_progress_bar() -> None:
    """A monotonic clock is allowed in sim/cli, the wall clock is not."""
    monotonic, wall = "import time\ntime.monotonic()", "import time\ntime.time()"

    assert lines(nothing_but_the_seed_decides, monotonic, "sim/cli/progress.py") == []
    assert lines(nothing_but_the_seed_decides, wall, "sim/cli/progress.py") == [2]
    assert lines(nothing_but_the_seed_decides, monotonic, "sim/climate.py") == [2]


def test_command_line_may_print() -> None:
    """Output to the user is what sim/cli is for."""
    assert lines(nothing_is_printed, "print(1)", "sim/cli/run.py") == []


@pytest.mark.parametrize(
    "offence",
    [
        "for x in set(y): pass",
        "for x in a.keys() | b.keys(): pass",
        "z = [x for x in {y for y in w}]",
        "z = {x: 1 for x in frozenset(w)}",
        "z = list({1} | w)",
        "z = ','.join({'a', 'b'})",
        "z = [*set(w)]",
        "z = set(w).union(v).pop()",
        "def f(votes: set[str]):\n    return tuple(votes)",
        "def f():\n    votes = set()\n    for vote in votes: pass",
        "class A:\n    votes: set[str]\n    def f(self):\n        yield from self.votes",
        "class A:\n    def f(self):\n        self.seen = set()\n    def g(self):\n        list(self.seen)",
    ],
)
def test_every_way_to_see_the_order_of_a_set_is_found(offence: str) -> None:
    """Design rule: no iteration over sets where order can reach an effect."""
    assert lines(sets_decide_no_order, offence) != []


@pytest.mark.parametrize(
    "correct",
    [
        "for x in dict.fromkeys(y): pass",
        "for x in a.keys(): pass",
        "z = len({1} & w)",
        "z = any(x > 1 for x in {1, 2})",
        "z = sorted(x for x in set(w))",
        "z = {x + 1 for x in set(w)}",
        "def f():\n    names = set(w)\n    return 'a' in names",
        "def f():\n    names = set(w)\n    names = sorted(names)\n    for name in names: pass",
        "def f():\n    names = set(w)\ndef g(names):\n    for name in names: pass",
    ],
)
def test_sets_without_visible_order_are_fine(correct: str) -> None:
    """Membership, counting, sorting and making another set hide the order."""
    assert lines(sets_decide_no_order, correct) == []


@pytest.mark.parametrize(
    "offence",
    [
        "def f(vote: Vote): vote.epoch = 1",
        "def f(vote: messages.Vote | None): vote.epoch = 1",
        "def f():\n    vote = Vote(1)\n    vote.epoch += 1",
        "def f(vote: Vote): del vote.epoch",
        "def f(vote: Vote): object.__setattr__(vote, 'epoch', 1)",
    ],
)
def test_every_plain_change_of_a_message_is_found(offence: str) -> None:
    """protocols.api.message: an instance must not be changed once it was built."""
    vote = parse("protocols/vote.py", "@message\nclass Vote:\n    epoch: int")

    assert lines(messages_stay_as_sent(message_classes([vote])), offence) != []


def test_messages_of_the_contract_are_known() -> None:
    """The rule would be idle if it did not recognise the decorators that are really in use."""
    assert {"Request", "Reply", "Entry"} <= message_classes(sources("protocols"))


def test_module_without_docstring_is_found() -> None:
    """An empty __init__ needs none; a module with code does."""
    assert lines(public_things_have_docstrings, "x = 1") == [1]
    assert lines(public_things_have_docstrings, "") == []


def test_vague_module_name_is_found() -> None:
    """The name of the file counts, not only those of classes."""
    assert lines(names_say_something, "", "sim/utils.py") == [1]
