"""Phone, dark, less motion, the keyboard's way through the page, hostile text, and axe's rules."""

from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page

from browser.desk import ANN, Desk, here, settled

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 720},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HOSTILE = {
    "direction": "Pay \u202egnp.exe\u202c to \u2066nobody\u2069",
    "right to left": "شكرا جزيلا على هذا المقال، casino http://example.com/page كان مفيدا",
    "script": "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>",
    "address": "<a href='javascript:window.hacked=1'>click</a> http://example.com/\"onmouseover=\"window.hacked=1",
    "style": "</div></article><style>.card{display:none}</style><base href='https://example.org/'>",
    "marks": "Z" + "\u0300\u0301\u0489" * 10_000,
    "one word": "w" * 5_000,
    "lines": "a" + "\n" * 2_000 + "b",
    "image": "<img src='https://example.org/seen.gif'><iframe src='https://example.org/'></iframe>",
}

AXED = [HOSTILE[name] for name in ("direction", "right to left", "address")]


def hostile(desk: Desk, body: str) -> str:
    return desk.hold(body, author={"name": body[:200], "email": "x@example.org"}, post={"title": body[:300]})


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_text_in_its_place(desk: Desk, body: str) -> None:
    hostile(desk, body)
    good = desk.hold("A good comment")
    page = desk.open(**PHONE)
    check_width(page)
    assert here(page) == good
    assert page.locator(".card").count() == 2
    assert page.evaluate("window.hacked") is None
    assert page.locator(".card :is(script, img, iframe, style, base)").count() == 0
    assert page.locator(".card a:not([href^='/comments/'])").count() == 0
    page.keyboard.press("a")
    settled(page, "Approved")


def test_controls_of_direction_are_signs_and_turn_nothing(desk: Desk) -> None:
    hostile(desk, HOSTILE["direction"])
    page = desk.open()
    shown = page.locator(".card .text").first
    assert "RLO" in page.locator(".card .sign").all_inner_texts()
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(shown.inner_text())


def test_text_from_right_to_left_begins_at_the_right_and_turns_nothing_else(desk: Desk) -> None:
    hostile(desk, HOSTILE["right to left"])
    page = desk.open()
    direction = "found => getComputedStyle(found).direction"
    assert page.locator(".card .text").first.evaluate(direction) == "rtl"
    assert page.locator(".card .acts").evaluate(direction) == "ltr"
    assert page.locator(".card .links code").first.evaluate(direction) == "ltr"


@pytest.mark.parametrize("width", [320, 360, 768, 1280, 2560])
def test_nothing_is_wider_than_the_window(desk: Desk, width: int) -> None:
    one = desk.hold(
        "See https://example.com/" + "a-long-path/" * 30, author={"name": "N" * 200, "url": "http://" + "x" * 200}
    )
    page = desk.open(viewport={"width": width, "height": 700})
    check_width(page)
    page.keyboard.press("a")
    settled(page, "Approved")
    check_width(page)
    page.goto(f"{desk.home.base}/comments/{one}")
    check_width(page)


def check_width(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_fingers_find_the_buttons(desk: Desk) -> None:
    desk.hold()
    page = desk.open(**PHONE)
    page.locator(".card .act").first.wait_for()
    boxes = [button.bounding_box() for button in page.locator("button:visible, .tabs a, .paging a").all()]
    assert all(box is not None and box["height"] >= 24 and box["width"] >= 24 for box in boxes)  # WCAG 2.2, 2.5.8
    acts = [button.bounding_box() for button in page.locator(".card .act").all()]
    assert all(box is not None and box["height"] >= 44 for box in acts)
    assert page.locator(".card .act kbd:visible").count() == 0


def test_dark_is_dark_and_light_is_light(desk: Desk) -> None:
    desk.hold()
    grounds = []
    for scheme in ("light", "dark"):
        page = desk.open(color_scheme=scheme)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(245, 244, 240)", "rgb(20, 24, 27)"]


def test_nothing_moves_for_those_who_want_less_motion(desk: Desk) -> None:
    desk.hold_all(2)
    page = desk.open(reduced_motion="reduce")
    page.keyboard.press("a")
    settled(page, "Approved")
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_tab_goes_through_the_page_in_order_and_is_seen(desk: Desk) -> None:
    ids = desk.hold_all(2)
    page = desk.open(reduced_motion="reduce")  # Else scrolling is still under way
    page.evaluate("document.activeElement.blur()")
    order = []
    for _ in range(30):
        page.keyboard.press("Tab")
        found: dict[str, Any] = page.evaluate(
            """() => { const at = document.activeElement, style = getComputedStyle(at);
            const box = at.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            const names = [at.getAttribute("placeholder"), at.innerText, at.getAttribute("aria-label"), at.value];
            const name = at === document.body ? "" : names.find(Boolean);
            return { name: name.split("\\n")[0].trim(),
                     card: (at.closest(".card") || {id: ""}).id,
                     ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
                     covered: !(top && (at.contains(top) || top.contains(at))) }; }"""
        )
        if not found["name"]:
            break
        order.append((found["card"].removeprefix("c-"), found["name"]))
        assert found["ring"] and not found["covered"], found
    names = [name for _, name in order]
    assert names[:2] == ["Skip to content", "moderator"]
    assert [name.split()[0] for name in names[2:5]] == ["Held", "Approved", "Rejected"]
    assert names.index("Log out") < names.index("Search text or author") < names.index("Search")
    cards = [card for card, _ in order if card]
    assert cards == sorted(cards, key=ids.index)
    assert [name.split()[0] for card, name in order if card == ids[0]][-4:] == ["Approve", "Spam", "Reject", "Not"]


def test_skipping_leads_to_the_comments(desk: Desk) -> None:
    desk.hold()
    page = desk.open()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def violations(page: Page) -> list[str]:
    """What axe says of the page, one line for each element. Seen from its top: what the bar above covers in the middle
    of scrolling it would call too small."""
    page.evaluate("window.scrollTo({ top: 0, behavior: 'instant' })")
    page.evaluate(AXE)
    said: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, { runOnly: { type: 'tag', values: rules } })", RULES
    )
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in said["violations"]
        for node in found["nodes"]
    ]


@pytest.mark.parametrize(
    ("scheme", "shape"), [("light", {}), ("dark", PHONE)], ids=["light on a desktop", "dark on a phone"]
)
def test_axe_finds_nothing_on_any_page(desk: Desk, scheme: str, shape: dict[str, Any]) -> None:
    for body in ("Best online c4s1n0 bonus 200% http://spin-palace.example/x", *AXED):
        one = hostile(desk, body)
    page = desk.open(ANN, color_scheme=scheme, reduced_motion="reduce", **shape)
    assert violations(page) == []
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    page.keyboard.press("s")
    settled(page, "Marked as spam")
    assert violations(page) == []
    page.keyboard.press("?")
    assert violations(page) == []
    for path in (f"/comments/{one}", "/?status=rejected", "/?status=approved&q=nothing+at+all", "/nothing"):
        page.goto(desk.home.base + path)
        assert violations(page) == [], path
    stranger = desk.window(color_scheme=scheme, reduced_motion="reduce", **shape)
    stranger.goto(f"{desk.home.base}/login")
    assert violations(stranger) == []
    stranger.fill("#login", "nobody")
    stranger.fill("#password", "wrong")
    stranger.click("button.main")
    stranger.locator("[role=alert]").wait_for()
    assert violations(stranger) == []
    link = desk.store.add_link(desk.store.people()[0].id)
    stranger.goto(f"{desk.home.base}/set-password/{link}")
    assert violations(stranger) == []
    stranger.goto(f"{desk.home.base}/set-password/none")
    assert violations(stranger) == []
    desk.heard[:] = [said for said in desk.heard if "Failed to load resource" not in said]  # 401, 404 and 410.
