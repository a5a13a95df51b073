"""Writes the derived data of tools/real_runs.py: the same bytes each time, from the data sets and fixed seeds."""
import json
import math
import random

SPEAKERS = "JapaneseVowels/JapaneseVowels_TRAIN.ts"


def make(data, folder):
    """Writes the derived data of both lists into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    development_texts(data, folder)
    texts(data, folder)
    surnames(data, folder)
    labelled(data, folder)
    series(data, folder)


def development_texts(data, folder):
    """A short text, and a text that needs 25 steps."""
    text = (data / "tinyshakespeare/input.txt").read_text()
    (folder / "shk10k.txt").write_text(text[:10000])
    # The last letter of a line is its first one, 25 steps before.
    draw = random.Random(5)
    with open(folder / "echo24.txt", "w") as file:
        for _ in range(12_000):
            first = draw.choice("ABCDEFGH")
            middle = "".join(draw.choice("abcdefgh") for _ in range(24))
            file.write(f"{first}{middle}={first}\n")


def texts(data, folder):
    """Names of drugs, a short play, and two texts that need 9 steps."""
    names = json.loads((data / "checkpoints/rx_name_lstm/names_clean.json").read_text())
    (folder / "drugs.txt").write_text("\n".join(names) + "\n")
    play = (data / "tinyshakespeare/input.txt").read_text()
    (folder / "play6k.txt").write_text(play[200_000:206_000])
    # The letter of the closing tag is that of the opening tag, 9 steps before.
    draw = random.Random(11)
    with open(folder / "tags.txt", "w") as file:
        for _ in range(8000):
            tag = draw.choice("KLMNPQRS")
            body = "".join(draw.choice("01") for _ in range(6))
            file.write(f"<{tag}{body}</{tag}>\n")
    # The last letter of a line is its first one, 9 steps before, among letters of the same kind.
    draw = random.Random(11)
    with open(folder / "recall.txt", "w") as file:
        for _ in range(8000):
            word = "".join(draw.choice("KLMNPQRS") for _ in range(8))
            file.write(f"{word}={word[0]}\n")


def surnames(data, folder):
    """Folders with one file per language: unbalanced, shuffled and few."""
    draw = random.Random(12)
    read = lambda language: (data / f"names/{language}.txt").read_text().split("\n")
    write = lambda path, lines: path.write_text("\n".join(lines) + "\n")
    for name in ("unbalanced", "shuffled", "few"):
        (folder / name).mkdir(exist_ok=True)
    for language, share in (("Russian", 2000), ("Japanese", 300), ("Vietnamese", 60)):
        write(folder / f"unbalanced/{language}.txt", [line for line in read(language) if line][:share])
    languages = ("Arabic", "English", "Italian", "Japanese")
    several = [[line for line in read(language) if line][:500] for language in languages]
    for language, lines in zip(languages, several):
        write(folder / f"few/{language}.txt", lines[:40])
    mixed = [line for lines in several for line in lines]
    draw.shuffle(mixed)
    for index, language in enumerate(languages):
        write(folder / f"shuffled/{language}.txt", mixed[index :: len(languages)])


def labelled(data, folder):
    """Tables with one row per step, and spoken vowels with shuffled labels."""
    draw = random.Random(13)
    # Three kinds of waves of 8 to 30 steps, with noise.
    with open(folder / "waves.csv", "w") as file:
        file.write("id,label,x,y\n")
        for sample in range(600):
            kind, phase = draw.choice(("slow", "fast", "saw")), draw.random()
            for step in range(draw.randint(8, 30)):
                t = phase + step * {"slow": 0.05, "fast": 0.15, "saw": 0.1}[kind]
                x = 2 * (t % 1) - 1 if kind == "saw" else math.sin(2 * math.pi * t)
                file.write(f"s{sample},{kind},{x + draw.gauss(0, 0.5):.4f},{draw.gauss(0, 1):.4f}\n")
    # One sequence in 12 is faulty: its level is higher by less than the noise.
    with open(folder / "faults.csv", "w") as file:
        file.write("id,label,x\n")
        for sample in range(1200):
            faulty = sample % 12 == 0
            for _ in range(10):
                file.write(f"s{sample},{'faulty' if faulty else 'good'},{draw.gauss(0.15 * faulty, 1):.4f}\n")
    head, rows = (data / "ts_classification" / SPEAKERS).read_text().split("@data\n")
    rows = [row.rsplit(":", 1) for row in rows.split("\n") if row]
    labels = [label for _, label in rows]
    draw.shuffle(labels)
    lines = "".join(f"{values}:{label}\n" for (values, _), label in zip(rows, labels))
    (folder / "vowels_shuffled.ts").write_text(f"{head}@data\n{lines}")


def series(data, folder):
    """Tables of numbers: sound ones, and ones with a defect."""
    column = lambda name: [float(line.rsplit(",", 1)[1]) for line in (data / f"series/{name}").read_text().split("\n")[1:] if line]
    flights, temperatures = (column(file) for file in ("Airline.csv", "daily-min-temperatures.csv"))
    draw = random.Random(14)

    def table(name, *columns):
        lines = [",".join(heading for heading, _ in columns)]
        lines += [",".join(f"{value:.5g}" for value in row) for row in zip(*(values for _, values in columns))]
        (folder / name).write_text("\n".join(lines) + "\n")

    table("growth.csv", ("growth", [math.log(b / a) for a, b in zip(flights, flights[1:])]))
    season = [math.sin(step * 2 * math.pi / 25) for step in range(2500)]
    noise = [draw.gauss(0, 0.3) for _ in season]
    table("season.csv", ("x", [s + n for s, n in zip(season, noise)]))
    # The level rises all the time: the held-out end lies above everything before it.
    table("rising.csv", ("x", [s + n + step / 150 for step, (s, n) in enumerate(zip(season, noise))]))
    table("still.csv", ("temperature", temperatures), ("valve", [4.0] * len(temperatures)))
    # A gauge that writes -9999 where it has no value.
    gauge = [-9999.0 if draw.random() < 0.02 else value for value in temperatures]
    table("gauge.csv", ("gauge", gauge))
    # The flow follows the pump one step later; in the second table, the pump has -9999 where it has no value.
    pump = [0.0]
    while len(pump) < 2500:
        pump.append(0.7 * pump[-1] + draw.gauss(0, 1))
    flow = [draw.gauss(0, 0.4) + before for before in [0.0] + pump[:-1]]
    table("pump.csv", ("pump", pump), ("flow", flow))
    table("pump_gauge.csv", ("pump", [-9999.0 if draw.random() < 0.02 else value for value in pump]), ("flow", flow))
    # The column `filled` holds the next value of the target, as a filter that looks ahead would write it.
    table("ahead.csv", ("temperature", temperatures[:-1]), ("filled", temperatures[1:]))
    # Three sensors in one file: the same rhythm at different levels.
    with open(folder / "sensors.csv", "w") as file:
        file.write("sensor,flow,load\n")
        for sensor in range(3):
            load = 0.0
            for step in range(700):
                load = 0.9 * load + draw.gauss(0, 0.3)
                flow = sensor + math.sin(step * 2 * math.pi / 24) + 0.8 * load + draw.gauss(0, 0.1)
                file.write(f"s{sensor},{flow:.4f},{load:.4f}\n")
