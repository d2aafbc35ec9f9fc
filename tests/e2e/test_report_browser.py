"""The report in a real browser: headless Chromium, offline. Skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.examples import two_leaders
from analysis.report import report
from sim.run import run

sync_api: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
NODES = ("n1", "n2", "n3", "n4", "n5")
EVIL = "<script>window.pwned = true</script><img src=x onerror='window.pwned = true'>"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a browser."""
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a report of two runs: a short one with all messages, and a hand-made one with incidents."""
    found = tmp_path_factory.mktemp("report") / "report.html"
    short = ["duration=4s", "faults.0.at=1s", "faults.1.at=3s", "faults.1.for=500ms", "workload.rate=20/s"]
    found.write_text(report([run("leader-crash", trace="full", overrides=short), two_leaders()]))
    return found


class Page:
    """A page with everything that it complained of."""

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        self.complaints: list[str] = []
        self.page = browser.new_context(offline=True, **options).new_page()
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)
        self.url = url
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready]", timeout=20_000)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.complaints.append(f"asked for {request.url}")

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so. (The page's own policy forbids Playwright to wait inside of it.)"""
        for _ in range(200):
            if holds():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{self.url}: waited in vain")

    def view(self, number: int = 0) -> dict[str, float]:
        """Return what the diagram of a run shows: from, to and cursor, in seconds."""
        shown = self.page.eval_on_selector_all(".diagram svg", "all => all.map(each => ({...each.dataset}))")[
            number
        ]
        return {name: float(value) / 1e9 for name, value in shown.items()}


def test_report_opens_and_plays_without_a_complaint(browser: Any, file: Path) -> None:
    """Messages and lanes are drawn; playing moves the cursor, pausing stops it."""
    opened = Page(browser, file.as_uri())
    page = opened.page

    assert page.locator(".diagram").nth(0).locator("path.messages").count() > 2
    assert page.locator(".diagram").nth(0).locator("rect.stay").count() >= 3
    page.locator("[data-do=play]").nth(0).click()
    opened.until(lambda: opened.view()["cursor"] > 0.01)
    page.locator("[data-do=play]").nth(0).click()
    stopped = opened.view()["cursor"]
    assert 0 < stopped < 4
    page.wait_for_timeout(60)
    assert opened.view()["cursor"] == stopped
    assert float(page.url.partition("#r0-t")[2]) == pytest.approx(stopped)
    assert opened.complaints == []


def test_link_lands_on_its_moment(browser: Any, file: Path) -> None:
    """By the address, and by a click on an incident of the second run."""
    opened = Page(browser, f"{file.as_uri()}#r0-t2.5")
    view = opened.view()
    assert view["cursor"] == 2.5
    assert view["to"] - view["from"] == pytest.approx(1)
    assert view["from"] < 2.5 < view["to"]

    opened.page.locator("#r1 table.incidents a").first.click()
    opened.until(lambda: opened.view(1)["cursor"] == 5.25)
    assert opened.view(1)["to"] - opened.view(1)["from"] == pytest.approx(1)
    assert opened.complaints == []


def test_click_shows_a_record_and_filters_hide(browser: Any, file: Path) -> None:
    """A message under the pointer is told in words; a node that is filtered out has no lane."""
    opened = Page(browser, f"{file.as_uri()}#r0-t2.5")
    page = opened.page
    for _ in range(4):
        page.locator("[data-do=in]").nth(0).click()
    page.wait_for_timeout(100)
    d = page.locator(".diagram").nth(0).locator("path.messages").first.get_attribute("d")
    x1, y1, x2, y2 = (float(each) for part in d[1:].split("M")[0].split("L") for each in part.split(" "))
    page.locator(".diagram svg").nth(0).click(position={"x": (x1 + x2) / 2, "y": (y1 + y2) / 2})
    assert "sent 2." in page.locator(".record").nth(0).inner_text()

    page.locator("details.filters").nth(0).locator("summary").click()
    before = page.locator(".diagram").nth(0).locator("svg text").all_text_contents()
    page.locator("[data-filter=nodes]").nth(0).locator("input").first.uncheck()
    assert "n1" in before
    assert "n1" not in page.locator(".diagram").nth(0).locator("svg text").all_text_contents()
    assert opened.complaints == []


def test_keyboard_is_enough(browser: Any, file: Path) -> None:
    """Step to the next event, zoom, pan, show all; what a step finds is announced."""
    opened = Page(browser, file.as_uri())
    page = opened.page
    page.locator(".diagram svg").nth(0).focus()
    page.keyboard.press("n")
    page.keyboard.press("+")
    page.wait_for_timeout(80)
    near = opened.view()
    assert near["to"] - near["from"] == pytest.approx(2)
    assert " at " in page.locator(".record").nth(0).inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(80)
    assert opened.view()["from"] > near["from"]
    page.keyboard.press("Home")
    page.wait_for_timeout(80)
    assert opened.view()["to"] == 4
    assert opened.complaints == []


def test_names_of_a_scenario_stay_text(browser: Any, tmp_path: Path) -> None:
    """A trace may hold anything: in the title, in a record, in what a fault is about."""
    evil = run("leader-crash", overrides=["duration=2s", "faults=[]"])
    evil.name = EVIL
    start = type(evil.records[0])
    evil.records[0] = start(0, EVIL, EVIL, 1, 2 * 10**9, (EVIL, *NODES), (EVIL, *NODES), (), (), 10**9)
    found = tmp_path / "evil.html"
    found.write_text(report([evil]))
    opened = Page(browser, found.as_uri())

    assert opened.page.evaluate("window.pwned") is None
    assert EVIL in opened.page.locator("h2").first.inner_text()
    assert EVIL in opened.page.locator(".diagram svg text").all_text_contents()
    assert opened.complaints == []


def test_fits_a_phone(browser: Any, file: Path) -> None:
    """390 pixels wide: nothing sticks out of the page."""
    opened = Page(
        browser, file.as_uri(), viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )

    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert opened.complaints == []


def test_fifty_thousand_messages_stay_fluid(browser: Any, tmp_path: Path) -> None:
    """A redraw with all of them in view, and one zoomed in, take less than two frames at 60 per second.

    Few elements are drawn: one path for each type of message. (Bound: 100 ms, for a busy machine.)
    """
    from sim.records import Message

    made = two_leaders()
    names = ("n1", "n2", "n3")
    made.details = [
        Message(
            i * 200_000 + 3_000_000,
            i * 200_000,
            names[i % 3],
            names[(i + 1) % 3],
            f"T{i % 5}",
            "delivered",
            {"i": i},
        )
        for i in range(50_000)
    ]
    found = tmp_path / "many.html"
    found.write_text(report([made]))
    opened = Page(browser, found.as_uri())
    assert "50000 messages" in opened.page.locator(".status").inner_text()
    opened.page.locator(".diagram svg").focus()
    slowest = opened.page.evaluate(
        """async () => {
            const svg = document.querySelector('.diagram svg'); let slowest = 0;
            for (const key of ['+', 'ArrowRight', '+', '+', 'ArrowLeft', 'Home']) {
                const begun = performance.now();
                svg.dispatchEvent(new KeyboardEvent('keydown', {key}));
                await new Promise((done) => requestAnimationFrame(() => { done(); }));
                slowest = Math.max(slowest, performance.now() - begun);
            }
            return slowest;
        }"""
    )

    assert opened.page.locator(".diagram svg *").count() < 400
    assert slowest < 100
    assert opened.complaints == []
