"""Small data files, the same on every machine: integer arithmetic alone, no library of random numbers."""

import json
import struct


class Draws:
    """SplitMix64 (Steele, Lea, Flood 2014)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        mask = 2**64 - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return (z ^ (z >> 31)) % n

    def number(self):
        """A decimal in [-1, 1) with four places, as text."""
        return decimal(self.below(20000) - 10000)


def decimal(tenthousandths):
    sign = "-" if tenthousandths < 0 else ""
    return f"{sign}{abs(tenthousandths) // 10000}.{abs(tenthousandths) % 10000:04}"


def write(directory):
    """Writes all files into `directory`."""
    directory.mkdir(parents=True)
    writers = {
        "text.txt": lambda: text(1, 320),
        "valid.txt": lambda: text(11, 500),
        "ragged.ts": ragged,
        "wide.csv": wide,
        "padded.csv": padded,
        "series.csv": series,
        "lines.csv": lines_of_numbers,
        "music.json": music,
    }
    for name, content in writers.items():
        (directory / name).write_text(content(), encoding="utf-8")
    folder(directory / "folder")
    images(directory)


def text(seed, lines):
    """Sentences with a few letters outside ASCII, so that bytes and characters differ."""
    draws = Draws(seed)
    words = "a the old river café naïve stone and runs of light über never house λ under".split()
    sentences = (" ".join(words[draws.below(len(words))] for _ in range(4 + draws.below(9))) for _ in range(lines))
    return "".join(f"{sentence.capitalize()}.\n" for sentence in sentences)


def ragged():
    """Sequences of 5 to 17 steps and two channels: the first channel's drift is the label. Some values are missing."""
    draws = Draws(2)
    lines = ["@problemName ragged", "@univariate false", "@dimensions 2", "@equalLength false", "@classLabel true down up", "@data"]
    for i in range(90):
        label, level, channels = draws.below(2), 0, ([], [])
        for _ in range(5 + draws.below(13)):
            level += (2 * label - 1) * 1500 + draws.below(6000) - 3000
            channels[0].append(decimal(level))
            channels[1].append("?" if draws.below(25) == 0 else draws.number())
        lines.append(":".join(",".join(channel) for channel in channels) + f":{['down', 'up'][label]}")
    return "\n".join(lines) + "\n"


def wide():
    """One sequence of 14 values per row and three classes of unequal frequency."""
    draws = Draws(3)
    lines = ["label," + ",".join(f"x{t}" for t in range(14))]
    for _ in range(120):
        label = min(draws.below(6), 2)
        peak = 3 + 4 * label
        values = (draws.below(8000) - 4000 + (10000 if t == peak else 0) for t in range(14))
        lines.append(f"{'abc'[label]}," + ",".join(decimal(value) for value in values))
    return "\n".join(lines) + "\n"


def padded():
    """Three values per row, then zeros up to 16."""
    draws = Draws(8)
    lines = ["label," + ",".join(f"x{t}" for t in range(16))]
    for _ in range(100):
        label = draws.below(2)
        values = [decimal(draws.below(9000) + 9000 * label + 100) for _ in range(3)]
        lines.append(f"{'ab'[label]}," + ",".join(values + ["0"] * 13))
    return "\n".join(lines) + "\n"


def lines_of_numbers():
    """A stream of two columns; an empty line begins another sequence."""
    draws = Draws(9)
    lines = ["" if t == 20 else f"{draws.number()},{draws.number()}" for t in range(40)]
    return "load,wind\n" + "\n".join(lines) + "\n"


def series():
    """Two groups of 260 rows, two columns with a period of 12 and of 7, and a few gaps."""
    draws = Draws(4)
    lines = ["site,time,load,wind"]
    for site in ("north", "south"):
        for t in range(260):
            load = abs(t % 12 - 6) * 4000 + t * 50 + draws.below(3000)
            wind = "" if draws.below(30) == 0 else decimal(abs(t % 7 - 3) * 3000 - draws.below(4000))
            lines.append(f"{site},{t},{decimal(load)},{wind}")
    return "\n".join(lines) + "\n"


def music():
    """Pieces of 8 to 20 chords, some of them silent."""
    draws = Draws(5)

    def piece():
        root = 40 + draws.below(12)
        return [sorted({root + draws.below(5) * 4 for _ in range(draws.below(4))}) for _ in range(8 + draws.below(13))]

    return json.dumps({part: [piece() for _ in range(count)] for part, count in (("train", 30), ("valid", 8), ("test", 8))})


def folder(directory):
    """A text file per label, a sequence of characters per line."""
    draws = Draws(6)
    directory.mkdir()
    for name, letters in (("plain", "abcde"), ("round", "aeoub")):
        lines = ("".join(letters[draws.below(5)] for _ in range(3 + draws.below(9))) for _ in range(60))
        (directory / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def images(directory):
    """Images of 6 by 6 points in IDX files: a bright row is the label."""
    draws = Draws(7)
    labels = bytes(draws.below(3) for _ in range(90))
    pixels = bytes(draws.below(90) + (150 if y == 2 * label else 0) for label in labels for y in range(6) for _ in range(6))
    (directory / "small-images-idx3-ubyte").write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, len(labels), 6, 6) + pixels)
    (directory / "small-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, len(labels)) + labels)
