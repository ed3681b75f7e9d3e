"""Which encoding text that is not UTF-8 was likely written in, told by its script.

East Asian encodings are known by their structure and by where their common characters stand,
alphabets by their frequent letters; what is left is Western or Central European. All of a file can
be read with what is guessed.
"""

import codecs
import re
from collections.abc import Mapping
from types import MappingProxyType

_SAMPLE = 1 << 16
_ASCII = bytes(range(128))
_HIGH_LINE = re.compile(rb"[^\n]*[\x80-\xff][^\n]*\n?")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_WIDE_RUN = re.compile(r"[^\x00-\x7f]{2,}")
_WIDE = re.compile(r"[^\x00-\x7f]")

# The first of two bytes, where half or more of any text stands: kana, the more frequent half of the
# Chinese characters, Korean syllables. Half the width of a row of the standards is 94 characters.
_COMMON: Mapping[str, tuple[tuple[int, int], ...]] = MappingProxyType(
    {
        "cp932": ((0x81, 0x83), (0x88, 0x97)),  # Shift-JIS
        "euc_jp": ((0xA4, 0xA5), (0xB0, 0xCF)),
        "gb18030": ((0xB0, 0xD7),),
        "big5": ((0xA4, 0xC6),),
        "cp949": ((0xB0, 0xC8),),  # EUC-KR
    }
)
_KANA = re.compile(r"[\u3040-\u30ff]")
_PAIRED = frozenset({"euc_jp", "gb18030", "cp949"})
"""Both bytes of what is common in these are from 0xa1 on."""
_MOSTLY = 0.75
_ENOUGH = 6
"""Characters from which on it is no chance that all are Korean syllables."""

_RUSSIAN = "оеаинтсрвл"
_LETTERS = (
    ("windows-1251", _RUSSIAN),
    ("koi8-r", _RUSSIAN),
    ("cp866", _RUSSIAN),
    ("iso8859-5", _RUSSIAN),
    ("windows-1253", "αοιετσνηυρκ"),
    ("windows-1255", "יוהלאתרמבש"),
    ("windows-1256", "اليمونرتبة"),
)
"""The letters that make up two thirds of any text in a language of the encoding."""
_FREQUENT = 0.5

_LATIN = ("windows-1252", "windows-1250", "latin-1", "iso8859-2")
_WITHIN = re.compile(rb"(?<=[A-Za-z\x80-\xff])[\x80-\xff](?=[A-Za-z\x80-\xff])")
"""A byte inside a word, where a letter should stand."""


class Guess:
    """One pass over the bytes from the first that are no UTF-8."""

    def __init__(self) -> None:
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._seen: set[int] = set()
        self._sample = b""

    def start(self, held: bytes, *, plain: bool) -> None:
        """Begin with the bytes ``held`` back before; ``plain``: all before was ASCII."""
        if plain:
            self._decoders = {name: codecs.getincrementaldecoder(name)() for name in _COMMON}
        self.feed(held)

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        """Take the next bytes of the file."""
        for name, decoder in tuple(self._decoders.items()):
            try:
                decoder.decode(chunk, final)
            except UnicodeDecodeError:
                del self._decoders[name]
        self._seen |= set(chunk.translate(None, _ASCII))
        if len(self._sample) < _SAMPLE:
            self._sample += b"".join(_HIGH_LINE.findall(chunk))[:_SAMPLE]

    def name(self) -> str:
        """Return the likeliest of the encodings in which all bytes can be read."""
        alphabet, share = self._alphabet()
        wide = self._east_asian()
        if wide == "cp932" or (wide is not None and share < _MOSTLY):
            return wide
        if share >= _FREQUENT and self._in_words():
            return alphabet
        return self._latin()

    def _in_words(self) -> bool:
        """Whether most letters stand beside each other, as in no Latin script."""
        runs = sum(map(len, _HIGH_RUN.findall(self._sample)))
        return runs > 0.7 * len(_HIGH.findall(self._sample))

    def _alphabet(self) -> tuple[str, float]:
        """Return the single-byte encoding whose frequent letters are most frequent."""
        high = b"".join(_HIGH.findall(self._sample))
        shares = {"latin-1": 0.0}
        for name, letters in _LETTERS:
            if self._reads(name):
                text = high.decode(name).casefold()
                shares[name] = sum(map(text.count, letters)) / max(len(text), 1)
        best = max(shares, key=shares.__getitem__)
        return best, shares[best]

    def _latin(self) -> str:
        """Return the first of the encodings that has letters within words, as far as any has."""
        within = set(_WITHIN.findall(self._sample))
        reading = [name for name in _LATIN if self._reads(name)]
        letters = [sum(byte.decode(name).isalpha() for byte in within) for name in reading]
        most = max(letters)
        # One more may be a sign that stands alone, as in mean±sd.
        return next(name for name, n in zip(reading, letters, strict=True) if n >= most - 1)

    def _reads(self, name: str) -> bool:
        try:
            bytes(self._seen).decode(name)
        except UnicodeDecodeError:
            return False
        return True

    def _east_asian(self) -> str | None:
        shares = {name: _common_share(self._sample, name) for name in self._decoders}
        text = self._sample.decode("cp949", "ignore")
        if len(set(_WIDE.findall(text))) >= _ENOUGH and shares.get("cp949", 0.0) > 0.95:
            return "cp949"
        shares.pop("cp949", None)
        if not _KANA.search(self._sample.decode("euc_jp", "ignore")):
            shares.pop("euc_jp", None)  # Chinese of which every character happens to fit
        best = max(shares, key=shares.__getitem__, default=None)
        return best if best is not None and shares[best] >= _MOSTLY else None


def _common_share(sample: bytes, name: str) -> float:
    """Return how many of the characters are common ones; 0 where they stand alone among ASCII."""
    text = sample.decode(name, "ignore")
    wide = _WIDE.findall(text)
    if not wide or sum(map(len, _WIDE_RUN.findall(text))) < 0.5 * len(wide):
        return 0.0
    least = 0xA1 if name in _PAIRED else 0x40
    pairs = [pair for char in wide if len(pair := char.encode(name)) == 2 and pair[1] >= least]
    common = sum(any(a <= pair[0] <= z for a, z in _COMMON[name]) for pair in pairs)
    return common / len(wide)
