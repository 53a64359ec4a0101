"""The style sheets: contrast of every pair of colours that meet, and what they may reach."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

SHEETS = files("pytest_dbmigrate.report") / "templates"
LIGHT, DARK = re.findall(
    r"\.dbm(?::not\([^)]*\))?\{([^}]*--paper[^}]*)\}", (SHEETS / "style.css").read_text("utf-8")
)
(PRINT,) = re.findall(r"\.dbm\{([^}]*--paper[^}]*)\}", (SHEETS / "print.css").read_text("utf-8"))
# Which text stands on which ground.
TEXTS_ON = {
    "paper": ("ink", "soft", "pass", "fail", "none"),
    "card": ("ink", "soft", "pass", "fail", "none"),
    "code": ("ink", "soft"),
    "fail-bg": ("ink", "soft", "fail"),
    "none-bg": ("ink", "soft", "none"),
    "pass": ("pass-ink",),
    "fail": ("fail-ink",),
    "ink": ("paper",),
}
PAIRS = [(text, ground) for ground, texts in TEXTS_ON.items() for text in texts]


def variables(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):(#[0-9a-f]+)", block))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    channels = (int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_when_black_meets_white_then_contrast_is_21() -> None:
    """The measure itself is right at its ends."""
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)


@pytest.mark.parametrize(("text", "ground"), PAIRS)
@pytest.mark.parametrize("medium", ["light", "dark", "print"])
def test_when_text_stands_on_a_ground_then_contrast_is_at_least_4_5(
    medium: str, text: str, ground: str
) -> None:
    """WCAG 2.2 AA, in light, dark and print."""
    colours = variables(LIGHT)
    colours |= variables({"light": "", "dark": DARK, "print": PRINT}[medium])
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("medium", ["light", "dark", "print"])
def test_when_a_bar_is_drawn_then_it_stands_out_from_its_ground(medium: str) -> None:
    """WCAG 2.2, 1.4.11: graphics need 3:1. The numbers stand beside each bar as text."""
    colours = variables(LIGHT)
    colours |= variables({"light": "", "dark": DARK, "print": PRINT}[medium])
    assert contrast(colours["bar"], colours["paper"]) >= 3


def test_when_the_fragment_stands_in_another_page_then_its_rules_reach_only_itself() -> None:
    """Only the rule that lifts the report above pytest-html's table touches its host."""
    for name in ("style.css", "narrow.css", "print.css"):
        sheet = re.sub(r"/\*.*?\*/", "", (SHEETS / name).read_text("utf-8"), flags=re.DOTALL)
        sheet = re.sub(r"@media[^{]*\{", "", sheet)
        for selectors in re.findall(r"([^{};]+)\{", sheet):
            for selector in re.split(r",(?![^(]*\))", selectors):
                inside = re.match(r"\.dbm\b", selector.strip())
                host = ".additional-summary .dbm" in selector
                lifting = selector.strip() in {".summary", ".summary__data", ".prefix:has(.dbm)"}
                assert inside or host or lifting, selector
