"""What Faker lacks: the shares of the languages, and texts that break programs."""

from __future__ import annotations

from typing import NamedTuple


class Language(NamedTuple):
    """One language: X's code for it, Faker's locales, and its share of the authors in percent.

    `words` are used if Faker has no texts in the language.
    """

    code: str
    names: str
    lorem: str
    share: int
    words: tuple[str, ...] | None = None


# Faker has no Korean or Hindi texts, and would fall back to Latin.
_KOREAN = """
오늘 내일 아침 저녁 바다 하늘 커피 사람 친구 음악 영화 여행 사진 도시 지하철 비가 눈이 꽃이
정말 아주 조금 다시 함께 천천히 좋아요 멋지다 기다려요 시작합니다 생각해 봤어요 감사합니다
그리고 하지만 그래서 여기서 우리가 새로운 맛있는 조용한 따뜻한 행복한
"""
_HINDI = """
आज कल सुबह शाम बारिश शहर दोस्त संगीत फ़िल्म यात्रा किताब चाय पानी रास्ता सपना समय लोग दुनिया बहुत थोड़ा
फिर साथ धीरे अच्छा सुंदर नया पुराना मीठा शांत ख़ुश है था होगा चलो देखो सुनो कहा और लेकिन क्योंकि यहाँ
वहाँ हमारा धन्यवाद
"""

LANGUAGES = (
    Language("en", "en_US", "en_US", 34),
    Language("ja", "ja_JP", "ja_JP", 16),
    Language("es", "es_ES", "es_ES", 9),
    Language("ko", "ko_KR", "en_US", 8, tuple(_KOREAN.split())),
    Language("ar", "ar_SA", "ar_AA", 8),
    Language("ru", "ru_RU", "ru_RU", 5),
    Language("hi", "hi_IN", "en_US", 5, tuple(_HINDI.split())),
    Language("th", "th_TH", "th_TH", 4),
    Language("de", "de_DE", "de_DE", 4),
    Language("el", "el_GR", "el_GR", 3),
    Language("iw", "he_IL", "he_IL", 2),
    Language("zh", "zh_CN", "zh_CN", 2),
)

TREND = "yolo"
"""A hashtag to track, which one or two tweets in a hundred have, in every language."""

EMOJI = (
    "",
    "",
    "😂",
    "❤️",
    "🔥",
    "🙏",
    "👀",
    "🎉🎉",
    "👍🏽",
    "🤷🏾\u200d♀️",
    "👩\u200d👩\u200d👧\u200d👦",
    "🏳️\u200d🌈",
    "🇰🇷 🇬🇷",
)

# Each has broken a program: escaping, markup, bidirectional text, combining marks, characters
# beyond the basic plane, and separators that some line splitters treat as the end of a line.
HOSTILE_TEXTS = (
    'She said "no\\yes" and left C:\\temp\\new',
    "first line\nsecond line\twith a tab",
    "carriage\r\nreturn",
    "<script>alert('tweet')</script>",
    "<img src=x onerror=alert(1)> &amp; &lt;b&gt;",
    "'; DROP TABLE tweets; --",
    "{{7*7}} ${HOME} %s %(id)s \\u0041",
    "\u202bמה שלומך hello سلام\u202c",
    "line\u2028separator, next\u0085line, zero\u200bwidth, \ufeffmark",
    "cafe\u0301 man\u0303ana A\u030angstro\u0308m Z\u0338\u034d\u035ba\u0336\u0331\u035dlgo",
    "\U0001d518\U0001d52b\U0001d526 𠮷野家 🧑🏿\u200d🚀",
    "null NaN -0 1e999 true",
)

# The first three are blank: the item's Username falls back to the screen name.
HOSTILE_NAMES = (
    "",
    "   ",
    "\u3000",
    'Ann "Quote" O\'Neil\\',
    "<b>Carl</b> & Co",
    "✨ lea ✨🏳️\u200d🌈",
    "שרה \u202eeve",
    "\U0001d4db\U0001d4fe\U0001d4ec\U0001d4f2\U0001d4ea",
    "tab\there",
    "Z\u0338\u034d\u035boe\u0308",
    "寿" * 50,
    "👩\u200d👩\u200d👧\u200d👦" * 7,
)
