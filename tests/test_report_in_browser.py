"""The page in headless Chromium, from disk and without a network."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from runs_by_hand import COMPARISON, HOSTILE, KOREAN, SCORES, made_run, page_of, score

from w2v_core.config import Config
from w2v_core.pipeline.report import write_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here; on Debian: apt-get install chromium"
)

MANY = 20_000
PHONE = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=os.geteuid() != 0)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def small_page(tmp_path_factory) -> Path:
    words = [*KOREAN, *HOSTILE, *(f"word{i}" for i in range(40))]
    run = made_run(tmp_path_factory.mktemp("런 #1 %20") / "<img src=x onerror=alert(1)>", words)
    score(run, evaluation=SCORES, comparison=COMPARISON)
    write_report(run, Config())
    return page_of(run)


@pytest.fixture(scope="module")
def large_page(tmp_path_factory) -> Path:
    run = made_run(tmp_path_factory.mktemp("runs") / "large", [f"단어word{i}" for i in range(MANY)])
    write_report(run, Config())
    return page_of(run)


@pytest.fixture
def opened(browser) -> Iterator[Callable[..., object]]:
    """opened(path, **options): the page, which at the end must have fetched nothing and complained of nothing."""
    contexts, heard = [], []

    def open_page(path: Path, **options):
        context = browser.new_context(offline=True, **({"reduced_motion": "reduce"} | options))
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", lambda dialog: (heard.append("a dialog"), dialog.dismiss()))
        page.on("request", lambda request: request.url == path.as_uri() or heard.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    hits = [page.evaluate("window.hit") for context in contexts for page in context.pages]
    for context in contexts:
        context.close()
    assert heard == []
    assert not any(hits)


def picture(page) -> str:
    """What is on the map, after what was asked for is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("document.getElementById('map').toDataURL()")


def find(page, text: str) -> None:
    page.fill("#search", text)
    page.press("#search", "Enter")


def chosen(page) -> str:
    return page.inner_text("#chosen h3")


def test_words_that_would_act_are_text(opened, small_page):
    page = opened(small_page)
    for text, shown in (
        ("</script>", HOSTILE[0]),
        ("<img", HOSTILE[1]),
        ("nul", "nul\\x00byte"),
        ("turned", "turned\\u202eround"),
        ("longlong", "long" * 30 + "…"),
    ):
        find(page, text)
        assert chosen(page) == shown
    assert page.locator("#chosen img, #results img, #chosen script, h1 img").count() == 0
    assert page.inner_text("h1").startswith("<img src=x")


def test_a_korean_word_is_found_with_its_neighbours(opened, small_page):
    page = opened(small_page)
    for text in ("서울", "서울".encode().decode(), "\u1109\u1165\u110b\u116e\u11af"):
        find(page, text)
        assert chosen(page) == "서울"
    page.fill("#search", "서우")  # on the way to 서울
    assert page.locator("#results button").all_inner_texts() == ["서울", "서울역"]
    neighbors = page.locator("#chosen button")
    assert neighbors.count() == 10
    name = neighbors.nth(3).locator("bdi").inner_text()
    neighbors.nth(3).click()
    assert chosen(page) == name


def test_a_word_that_is_not_there_is_told(opened, small_page):
    page = opened(small_page)
    page.fill("#search", "없는말")
    assert page.inner_text("#found") == "No word on the map holds this."
    page.press("#search", "Enter")
    assert page.locator("#chosen h3").count() == 0


def test_all_of_it_works_from_the_keyboard(opened, small_page):
    page = opened(small_page)
    press = page.keyboard.press
    for _ in range(20):
        press("Tab")
        if page.evaluate("document.activeElement.id") == "search":
            break
    page.keyboard.type("서울")
    press("ArrowDown")
    press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "서울역"
    press("Enter")
    assert chosen(page) == "서울역"
    while page.evaluate("document.activeElement.id") != "map":
        press("Tab")
    for keys in ("ArrowLeft", "ArrowUp", "+", "ArrowRight", "ArrowDown", "-", "0"):
        before = picture(page)
        press(keys)
        assert picture(page) != before, keys
    unchanged = picture(page)
    press("Escape")
    assert page.locator("#chosen h3").count() == 0
    assert picture(page) != unchanged
    press("Enter")
    assert chosen(page)
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_the_focus_stays_where_a_chosen_neighbour_was(opened, small_page):
    page = opened(small_page)
    find(page, "서울")
    page.locator("#chosen button").nth(0).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('#chosen') !== null")


@pytest.mark.slow
def test_twenty_thousand_words_pan_zoom_and_are_chosen(opened, large_page):
    page = opened(large_page, viewport={"width": 1280, "height": 900})
    unchanged = picture(page)
    box = page.locator("#map").bounding_box()
    x, y = box["x"] + 300, box["y"] + 250
    page.mouse.move(x, y)
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") > 0
    assert picture(page) == unchanged, "the page scrolls, and the map stays"
    page.evaluate("scrollTo(0, 0)")
    page.locator("#map").focus()
    page.mouse.wheel(0, -900)
    zoomed = picture(page)
    assert zoomed != unchanged
    page.mouse.down()
    page.mouse.move(x + 120, y + 60, steps=4)
    page.mouse.up()
    assert picture(page) != zoomed
    assert page.locator("#chosen h3").count() == 0, "a drag chooses nothing"
    find(page, f"word{MANY - 1}")
    assert f"rank {MANY:,}" in page.inner_text("#chosen p")
    page.click("#zoom-all")
    assert picture(page) != unchanged, "the chosen word is marked"
    page.keyboard.press("Tab")
    page.locator("#map").press("Escape")
    assert picture(page) == unchanged


def test_a_click_chooses_the_word_under_it(opened, small_page):
    page = opened(small_page)
    find(page, "서울")
    page.locator("#map").press("Enter")
    name = chosen(page)
    page.locator("#map").press("Escape")
    find(page, name)
    page.locator("#map").press("0")
    place = page.evaluate(
        """name => {
            const data = JSON.parse(document.getElementById("data").textContent);
            const bytes = Uint8Array.from(atob(data.places), (letter) => letter.charCodeAt(0));
            const places = new Uint16Array(bytes.buffer), id = data.words.indexOf(name);
            const box = document.getElementById("map").getBoundingClientRect();
            const scale = 0.92 * Math.min(box.width, box.height) / 65535;
            return {
                x: (places[2 * id] - 65535 / 2) * scale + box.width / 2,
                y: (65535 / 2 - places[2 * id + 1]) * scale + box.height / 2,
            };
        }""",
        name,
    )
    page.locator("#map").press("Escape")
    page.locator("#map").click(position=place)
    assert chosen(page) == name


@pytest.mark.parametrize("width", [320, 375, 768])
def test_a_narrow_page_does_not_overflow(opened, small_page, width):
    page = opened(small_page, **(PHONE | {"viewport": {"width": width, "height": 640}}))
    page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
    for word in ("longlong", "서울"):
        find(page, word)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    for button in ("#zoom-in", "#results button >> nth=0", "#chosen button >> nth=0"):
        assert page.locator(button).bounding_box()["height"] >= 40
        page.locator(button).tap()


def test_a_finger_chooses_and_two_fingers_zoom(opened, small_page):
    page = opened(small_page, **PHONE)
    page.locator("#map").scroll_into_view_if_needed()
    before = picture(page)
    page.evaluate(
        """() => {
            const map = document.getElementById("map"), box = map.getBoundingClientRect();
            map.setPointerCapture = () => {};
            const send = (type, id, x) => map.dispatchEvent(new PointerEvent(type, {
                pointerId: id, pointerType: "touch", clientX: box.left + x, clientY: box.top + 150,
            }));
            send("pointerdown", 1, 120); send("pointerdown", 2, 160);
            send("pointermove", 1, 60); send("pointermove", 2, 220);
            send("pointerup", 1, 60); send("pointerup", 2, 220);
        }"""
    )
    assert picture(page) != before
    assert page.locator("#chosen h3").count() == 0


def test_dark_is_dark_and_the_map_follows(opened, small_page):
    def colours(scheme: str) -> tuple[int, str]:
        page = opened(small_page, color_scheme=scheme)
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, background[4:-1].split(","))), picture(page)

    (light, light_map), (dark, dark_map) = colours("light"), colours("dark")
    assert light > 700
    assert dark < 120
    assert light_map != dark_map
    page = opened(small_page, color_scheme="light")
    page.emulate_media(color_scheme="dark")
    assert picture(page) == dark_map


def test_motion_is_left_out_where_it_is_not_wanted(opened, small_page):
    page = opened(small_page)
    find(page, "서울")
    there = picture(page)
    page.wait_for_timeout(500)
    assert picture(page) == there
    page = opened(small_page, reduced_motion="no-preference")
    find(page, "서울")
    page.wait_for_timeout(1000)
    assert picture(page) == there


def test_without_its_program_the_page_still_tells_the_numbers(opened, small_page):
    page = opened(small_page, java_script_enabled=False)
    text = page.inner_text("body")
    assert "The map needs JavaScript" in text
    assert "0.520 – 0.690" in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened, small_page, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = opened(small_page, color_scheme=scheme)
    find(page, "서울")
    page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
    found = axe.Axe().run(page)
    assert [f"{fault['id']}: {fault['nodes'][0]['html']}" for fault in found.response["violations"]] == []
