"""Writes the inputs that the fuzz targets start from: python3 fuzz/seeds.py PROGRAM

They are in fuzz/corpus/READER/, small, made here, and committed; no real data are among them. PROGRAM is the program
longspan, which trains the small runs whose checkpoints, records and profiles are inputs. Run it again when a format
changes.
"""

import gzip
import io
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).parent / "corpus"


def put(reader, name, content):
    """Writes an input of a reader."""
    path = HERE / reader / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def packed(content):
    """The content as gzip, without a time."""
    return gzip.compress(content if isinstance(content, bytes) else content.encode(), mtime=0)


def npy(descr, shape, data, fortran=False, version=1):
    """An array of NumPy."""
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header.encode() + data


def npz(method, **arrays):
    """An archive of arrays, with a fixed time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(name + ".npy"), array, method)
    return out.getvalue()


def hours(separator=",", decimal=".", stamp="2024-03-{:02} {:02}:00:00"):
    """A table with times, numbers, a group and a category."""
    rows = [separator.join(["time", "store", "x", "sky", "y"])]
    for row in range(30):
        for store in ("north", "south"):
            x = f"{(row * 37 % 11) / 4 - 1:.2f}".replace(".", decimal)
            time = stamp.format(1 + row // 24, row % 24)
            rows.append(separator.join([time, store, x, ("sun", "rain", "fog")[row % 3], str(row % 7)]))
    return "\n".join(rows) + "\n"


def ts(labels, header=""):
    """Sequences of two dimensions in the format of the UCR and UEA archives."""
    lines = [header or "@classLabel true " + " ".join(labels), "@data"]
    for row in range(12):
        steps = [",".join(str((t * k + row) % 5) for t in range(5 + row % 3)) for k in (2, 3)]
        lines.append(":".join(steps + [labels[row % len(labels)]]))
    return "\n".join(lines) + "\n"


def tables():
    plain = hours()
    series = {
        "hours.csv": plain,
        "german.csv": hours(";", ",", "{:02}.03.2024 {:02}:00"),
        "tabs.tsv": hours("\t"),
        "quoted.csv": 'a,"b ""c""","d\n e"\n1,2,3\n4,"5",6\n7,8,9\n1,2,3\n4,5,6\n7,8,9\n',
        "gaps.csv": "t,x\n" + "".join(f"{t},{'' if t % 5 == 0 else t * 2}\n" for t in range(25) if t != 7),
        "unix.csv": "stamp,x\n" + "".join(f"{1700000000 + 60 * t},{t % 9}.5\n" for t in range(20)),
        "months.csv": "month,passengers\n" + "".join(f"{1949 + t // 12}-{1 + t % 12:02},{100 + t}\n" for t in range(30)),
        "zones.csv": "when,x\n" + "".join(f"2024-10-27T0{t % 10}:00:00+01:00,{t}\n" for t in range(10)),
        "words.csv": "day,load\n" + "".join(f"{t + 1} Mar 2024,{t}\n" for t in range(20)),
        "bare.txt": "".join(f"{t} {t * t}\n" for t in range(20)),
        "comment.csv": "# made here\n# units: m\nx,y [m]\n" + "".join(f"{t},{-t}\n" for t in range(15)),
        "bom.csv": b"\xef\xbb\xbfx,y\r\n" + b"".join(b"%d,%d\r\n" % (t, t) for t in range(15)),
        "utf16.csv": "x,y\n".encode("utf-16") + "".join(f"{t},{t}\n" for t in range(15)).encode("utf-16-le"),
        "chinese.csv": "时间,气温\n".encode("gb18030")
        + "".join(f"2024年3月{t + 1}日,{t}\n" for t in range(20)).encode("gb18030"),
    }
    for name, content in series.items():
        put("series", name, content)
        put("inspect", name, content)
    long = "id,step,x,y,label\n" + "".join(
        f"{s},{t},{(s * t) % 4},{t},{'ab'[s % 2]}\n" for s in range(8) for t in range(4 + s % 2)
    )
    wide = "label," + ",".join(f"t{t}" for t in range(6)) + "\n"
    wide += "".join("ab"[s % 2] + "," + ",".join(str((s + t) % 5) for t in range(6)) + "\n" for s in range(10))
    texts = "label,text\n" + "".join(f'{"good bad".split()[s % 2]},"it was, well, {s}"\n' for s in range(10))
    names = "".join(f"{'english german'.split()[s % 2]}\tname{s}\n" for s in range(10))
    for name, content in {"long.csv": long, "wide.csv": wide, "texts.csv": texts, "names.txt": names}.items():
        put("labelled", name, content)
        put("inspect", name, content)
    put("ts", "classes.ts", ts(["a", "b"]))
    put("ts", "targets.ts", ts(["1.5", "2.5"], "@targetlabel true"))
    put(
        "ts",
        "head.ts",
        "# made here\n@problemName P\n@timeStamps false\n@missing true\n@univariate true\n@equalLength false\n"
        "@classLabel true 1 2\n@data\n1,2,?,4:1\n2,3:2\n1,NaN,3:1\n4,5,6,7:2\n",
    )
    put("inspect", "classes.ts", ts(["a", "b"]))
    put("gzip", "series.gz", packed(plain))
    put("gzip", "classes.gz", packed(ts(["a", "b"])))
    put("gzip", "two.gz", packed("x,y\n1,2\n") + packed("3,4\n5,6\n" * 5))
    put("gzip", "zeros.gz", packed(b"\0" * 20000))


def words():
    text = "The cat, which the dogs saw, was full.\nThe cats were not.\n\n" * 6
    greek = "Ο γάτος ήταν χορτάτος. Οι σκύλοι τον είδαν.\n" * 6
    put("text", "ascii.txt", text)
    put("text", "utf8.txt", greek + "猫吃饱了。\n")
    put("text", "utf16.txt", greek.encode("utf-16"))
    put("text", "utf16be.txt", b"\xfe\xff" + greek.encode("utf-16-be"))
    put("text", "windows.txt", greek.encode("cp1253"))
    put("text", "big5.txt", ("貓吃飽了，狗看見牠。\n" * 8).encode("big5"))
    put("text", "shift-jis.txt", ("猫はお腹がいっぱいだった。\n" * 8).encode("shift_jis"))
    put("text", "crlf.txt", text.replace("\n", "\r\n"))
    put("inspect", "prose.txt", text)
    put("inspect", "page.html", "<!doctype html><title>a</title><p>" + text)
    put("inspect", "lines.jsonl", "".join(json.dumps({"text": f"line {n}", "label": n % 2}) + "\n" for n in range(9)))
    put("vocabulary", "list.json", json.dumps(["<unk>", "<eos>", "the", "cat"]))
    put("vocabulary", "object.json", json.dumps({"t": 0, "h": 1, "e": 2, " ": 3, "c": 4, "a": 5, "\n": 6}))
    put("vocabulary", "chars.json", json.dumps({"level": "char", "chars": "the ca\n", "unknown": None}))
    put("vocabulary", "words.json", json.dumps({"level": "word", "words": ["<unk>", "<eos>", "the", "cat"]}))
    for name, model, before in (
        ("word", {"type": "WordLevel", "vocab": {"<unk>": 0, "the": 1, "cat": 2}, "unk_token": "<unk>"}, "Whitespace"),
        ("bpe", {"type": "BPE", "vocab": {"t": 0, "h": 1, "th": 2, "e": 3, "Ġ": 4}, "merges": ["t h"]}, "ByteLevel"),
    ):
        pre = {"type": before} | ({"add_prefix_space": False, "trim_offsets": True} if before == "ByteLevel" else {})
        tokenizer = {"version": "1.0", "added_tokens": [], "pre_tokenizer": pre, "model": model}
        put("vocabulary", f"tokenizer-{name}.json", json.dumps(tokenizer))
    put("vocabulary", "byte.json", json.dumps({"level": "byte"}))


def arrays():
    floats = struct.pack("<60d", *[(n * 7 % 13) / 3 for n in range(60)])
    put("arrays", "three.npy", npy("<f8", "(5, 4, 3)", floats))
    put("arrays", "table.npy", npy("<f8", "(20, 3)", floats, fortran=True))
    put("arrays", "wide.npy", npy(">f4", "(15, 2)", struct.pack(">30f", *range(30)), version=2))
    put("arrays", "days.npy", npy("<M8[D]", "(12,)", struct.pack("<12q", *range(19000, 19012))))
    put("arrays", "text.npy", npy("<U2", "(3,)", "a\0b\0cc".encode("utf-32-le")))
    labels = npy("<i8", "(5,)", struct.pack("<5q", 0, 1, 0, 1, 1))
    for name, method in (("stored.npz", zipfile.ZIP_STORED), ("deflated.npz", zipfile.ZIP_DEFLATED)):
        put("arrays", name, npz(method, X_train=npy("<f8", "(5, 4, 3)", floats), y_train=labels))
    pixels = bytes((n * 29) % 256 for n in range(6 * 4 * 3))
    put("images", "none.idx3", struct.pack(">IIII", 0x803, 0, 1 << 12, 1 << 12))
    put("images", "six.idx3", struct.pack(">IIII", 0x803, 6, 4, 3) + pixels)
    put("images", "six.idx1", struct.pack(">II", 0x801, 2) + bytes([0, 1]))
    put("images", "six.idx3.gz", packed(struct.pack(">IIII", 0x803, 6, 4, 3) + pixels))
    piece = [[60, 64, 67], [], [62], [60, 72]]
    put("music", "midi.json", json.dumps({"train": [piece, piece[:2]], "valid": [piece], "test": []}))
    put("music", "index.json", json.dumps({"train": [[[39, 43], [0], []]], "test": [[[87]]]}))
    put("inspect", "music.json", json.dumps({"train": [piece] * 3, "valid": [piece], "test": [piece]}))


def runs(program):
    """Short runs of several kinds."""
    home = pathlib.Path(tempfile.mkdtemp())
    (home / "text.txt").write_text("The cat, which the dogs saw, was full.\n" * 12)
    (home / "hours.csv").write_text(hours())
    (home / "classes.ts").write_text(ts(["a", "b"]))
    kinds = {
        "text": "--text text.txt --cell lstm --unroll 8 --observe full",
        "words": "--text text.txt --level word --unroll 4 --cell relu",
        "series": "--series hours.csv --window 4 --horizon 2 --group-column store --categorical sky --calendar hour --cell gru",
        "classes": "--labelled classes.ts --cell lstm --bidirectional",
        "task": "--task adding --length 9 --cell identity",
        "diverged": "--text text.txt --cell rnn --unroll 8 --lr 1e30 --clip none",
    }
    files = ["run.json", "config.toml", "metrics.jsonl", "summary.json", "frequencies.json", "probe/1.json"]
    for name, flags in kinds.items():
        common = "--hidden 2 --batch 2 --steps 4 --threads 1 --observe-every 2 --eval-every 2 --no-probe"
        command = [program, "train", *flags.split(), *common.split(), "--out", name]
        subprocess.run(command, cwd=home, capture_output=True, check=name != "diverged")
        run = home / name
        if name == "task":
            subprocess.run([program, "probe", name, "--sequences", "2"], cwd=home, capture_output=True)
            (probe,) = list(run.glob("probe/*.json")) or [None]
            if probe:
                probe.rename(run / "probe/1.json")
        parts = [f"@@ {file}\n{(run / file).read_text()}" for file in files if (run / file).is_file()]
        # The paths of this machine are no part of an input.
        put("run", f"{name}.txt", "".join(parts).replace(str(home), "/home"))
        put("config", f"{name}.toml", (run / "config.toml").read_text().replace(str(home), "/home"))
        for file in run.glob("flow/*.safetensors"):
            put("profiles", f"{name}.safetensors", file.read_bytes())
        last = run / "checkpoints/last.safetensors"
        put("checkpoint", f"{name}.safetensors", last.read_bytes())
        length = int.from_bytes(last.read_bytes()[:8], "little")
        header = json.loads(last.read_bytes()[8 : 8 + length])["__metadata__"]["longspan"]
        put("schema", f"{name}.json", json.dumps(json.loads(header)["schema"]))
    put("config", "short.toml", 'schema = 2\nsteps = 3\n[data]\ntask = "parity"\n[model]\nhidden = 4\n')
    put("config", "version-1.toml", 'task = "adding"\nlength = 9\nlr = 1e-3\n')
    shutil.rmtree(home)


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    tables()
    words()
    arrays()
    runs(pathlib.Path(sys.argv[1]).resolve())
    sizes = [path.stat().st_size for path in HERE.rglob("*") if path.is_file()]
    print(f"{len(sizes)} inputs, {sum(sizes)} bytes")


if __name__ == "__main__":
    main()
