from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.pictures import moving, still

WHITE, BLUE, RED = (255, 255, 255), (29, 95, 191), (179, 38, 30)


def screenshot(step: int) -> bytes:
    """A white page with much gray text, some vivid colors, and a few pixels of the page's own."""
    picture = Image.new("RGB", (100, 100), WHITE)
    for n in range(200):
        picture.paste((n, n, n), (n % 100, 10 + n // 100, n % 100 + 1, 11 + n // 100))
        picture.putpixel((n % 100, 20 + n // 100), (255 - n, n, 40 * step))
    picture.paste(BLUE, (0, 50, 100, 52))
    picture.paste(RED, (step, 60, step + 8, 61))
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def test_a_still_picture_keeps_the_colors_of_lines(tmp_path: Path) -> None:
    still(screenshot(0), tmp_path / "picture.png")

    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.mode == "P"
        shown = picture.convert("RGB")
    colors = [shown.getpixel(place) for place in ((0, 99), (7, 51), (3, 60))]
    assert colors == [WHITE, BLUE, RED]


def test_a_moving_picture_keeps_them_in_all_frames(tmp_path: Path) -> None:
    moving([screenshot(step) for step in range(5)], tmp_path / "picture.gif", frame_ms=300)

    with Image.open(tmp_path / "picture.gif") as picture:
        for step in range(5):
            picture.seek(step)
            shown = picture.convert("RGB")
            colors = [shown.getpixel(place) for place in ((0, 99), (7, 51), (step + 3, 60))]
            assert colors == [WHITE, BLUE, RED]
