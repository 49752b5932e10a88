"""Pictures of a page: screenshots as small files, and whether a letter is missing."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import cast

from PIL import Image
from playwright.sync_api import Page

Color = tuple[int, int, int]

COLORS = 256
EXACT = 48
"""That many of the commonest colors stay what they are: those of backgrounds, lines, and text."""

# The letters and symbols of the page that look like one that no font has.
_MISSING = r"""() => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 32;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.font = `20px ${getComputedStyle(document.body).fontFamily}`;
  const drawn = (letter) => {
    context.clearRect(0, 0, 32, 32);
    context.fillText(letter, 2, 24);
    return context.getImageData(0, 0, 32, 32).data.join();
  };
  const unknown = drawn('\u{378}');
  const letters = new Set(document.body.innerText.match(/\p{L}|\p{Co}|\p{Emoji_Presentation}/gu));
  return [...letters].filter((letter) => drawn(letter) === unknown).sort();
}"""


def letters_without_font(page: Page) -> list[str]:
    """The letters and emoji on the page that this machine has no font for."""
    missing: list[str] = page.evaluate(_MISSING)
    return missing


def require_fonts(page: Page) -> None:
    """Fail if a picture of the page would show a box in place of a letter."""
    missing = letters_without_font(page)
    assert not missing, (
        f"No font on this machine has {''.join(missing)}. Install fonts for all scripts and emoji."
        " On Debian:\n  apt-get install fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji"
    )


def still(screenshot: bytes, path: Path) -> None:
    """Write it as a PNG of a third of its size."""
    [picture] = _reduced([screenshot])
    picture.save(path, optimize=True)


def moving(screenshots: Sequence[bytes], path: Path, *, frame_ms: int) -> None:
    """Write them, which are all of one size, as a GIF that loops for ever."""
    first, *others = _reduced(screenshots)
    first.save(path, save_all=True, append_images=others, duration=frame_ms, loop=0)


def _reduced(screenshots: Sequence[bytes]) -> list[Image.Image]:
    """The pictures with one palette for all, so that nothing flickers, and without dithering."""
    pictures = [Image.open(BytesIO(screenshot)).convert("RGB") for screenshot in screenshots]
    counts: Counter[Color] = Counter()
    for picture in pictures:
        for count, color in picture.getcolors(picture.width * picture.height) or []:
            counts[cast(Color, color)] += count
    palette = _palette([color for color, _ in counts.most_common()])
    # Pillow's own search for the nearest color is not exact.
    nearest = {color: _nearest(color, palette) for color in counts}
    reduced = []
    for picture in pictures:
        data = picture.tobytes()
        colors = zip(data[::3], data[1::3], data[2::3], strict=True)
        pixels = bytes(nearest[color] for color in colors)
        reduced.append(Image.frombytes("P", picture.size, pixels))
        reduced[-1].putpalette([*itertools.chain.from_iterable(palette)])
    return reduced


def _palette(colors: Sequence[Color]) -> list[Color]:
    """For colors in the order of how common they are."""
    exact, others = colors[:EXACT], colors[EXACT:]
    if not others:
        return list(exact)
    # Each of the other colors counts once. Weighed by area, the small and vivid turn gray.
    rest = Image.new("RGB", (len(others), 1))
    rest.putdata(others)
    mixed = rest.quantize(COLORS - EXACT, method=Image.Quantize.MEDIANCUT).getpalette() or []
    return [*exact, *zip(mixed[::3], mixed[1::3], mixed[2::3], strict=True)]


def _nearest(color: Color, palette: Sequence[Color]) -> int:
    return min(range(len(palette)), key=lambda n: math.dist(color, palette[n]))
