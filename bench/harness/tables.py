"""Markdown tables from rounds. A figure is the median over the rounds, a ratio the median of the rounds' ratios."""

import statistics

# What a result is made of: {"row": ROW, "threads": N, "rounds": [{"longspan": {...}, "PyTorch": {...}}, ...]}.


def middle(result: dict, side: str, field: str):
    """The median over the rounds, None where that side has no such row."""
    values = [r[side][field] for r in result["rounds"] if r.get(side, {}).get(field) is not None]
    return statistics.median(values) if values else None


def ratio(result: dict, side: str, field: str):
    """How many times our figure the other side's is."""
    pairs = [(r.get(side, {}).get(field), r["longspan"].get(field)) for r in result["rounds"]]
    values = [theirs / ours for theirs, ours in pairs if theirs is not None and ours]
    return statistics.median(values) if values else None


def show(value, digits: int = 2, unit: str = "") -> str:
    return "–" if value is None else f"{value:,.{digits}f}{unit}"


def milliseconds(value) -> str:
    return show(value, 3 if value is not None and value < 10 else 1)


def table(header: list, rows: list) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def short(row: dict) -> str:
    """The row's name without its section, sizes apart."""
    name, _, size = row["name"].split("/", 1)[1].partition("/")
    return f"{name} {size.replace('x', ', ') if size[:1].isdigit() else size}".strip()


def versus(peers: list) -> list:
    return [column for peer in peers for column in (f"{peer} ms", f"{peer} / Longspan")]


def against(result: dict, peers: list) -> list:
    cells = []
    for peer in peers:
        cells += [milliseconds(middle(result, peer, "median_ms")), show(ratio(result, peer, "median_ms"))]
    return cells


def speedup(result: dict, one: dict):
    """How many times as fast as with one thread: the medians' ratio, measured one after the other."""
    alone = one.get(result["row"]["name"])
    if alone is None or result["threads"] == 1:
        return None
    return middle(alone, "longspan", "median_ms") / middle(result, "longspan", "median_ms")


def timed(results: list, peers: list, one: dict) -> str:
    """Stacks and training steps of one number of threads."""
    several = results[0]["threads"] > 1
    tokens = "tokens" in results[0]["row"]
    first = "model, optimizer" if tokens else "cell T, B, D, H, L"
    header = [first, "Longspan ms", "GFLOP/s", "of peak"]
    header += ["tokens/s"] if tokens else []
    header += ["1 thread / this"] if several else []
    rows = []
    for result in results:
        share = middle(result, "longspan", "of_peak")
        cells = [
            short(result["row"]),
            milliseconds(middle(result, "longspan", "median_ms")),
            show(middle(result, "longspan", "gflops"), 1),
            show(100 * share, 0, " %"),
        ]
        cells += [show(middle(result, "longspan", "tokens_per_second"), 0)] if tokens else []
        cells += [show(speedup(result, one))] if several else []
        rows.append(cells + against(result, peers))
    return table(header + versus(peers), rows)


def ragged(results: list, peers: list) -> str:
    """Rows of many lengths; a ratio is to our ragged time of the same round."""
    ours = ("ragged_ms", "even_ms", "padded_ms")
    header = ["cell T, B, D, H, L", "places", "ragged ms", "even ms", "even / ragged", "padded ms", "padded / ragged"]
    for peer in peers:
        header += [f"{peer} {way}" for way in ("packed ms", "packed / ragged", "padded ms", "padded / ragged")]

    def beside(result: dict, side: str, field: str):
        values = [r[side][field] / r["longspan"]["ragged_ms"] for r in result["rounds"] if field in r.get(side, {})]
        return statistics.median(values) if values else None

    rows = []
    for result in results:
        cells = [short(result["row"]), f"{result['row']['places']:,}"]
        for side, fields in [("longspan", ours), *((peer, ("packed_ms", "padded_ms")) for peer in peers)]:
            for field in fields:
                cells.append(milliseconds(middle(result, side, field)))
                cells += [show(beside(result, side, field))] if field != "ragged_ms" else []
        rows.append(cells)
    return table(header, rows)


def stream(results: list, peers: list) -> str:
    header = ["lstm, H", "Longspan p50 µs", "p99 µs"]
    for peer in peers:
        header += [f"{peer} p50 µs", "p99 µs", "ratio p50", "ratio p99"]
    rows = []
    for result in results:
        cells = [str(result["row"]["hidden"])]
        cells += [show(middle(result, "longspan", field)) for field in ("p50_us", "p99_us")]
        for peer in peers:
            cells += [show(middle(result, peer, field)) for field in ("p50_us", "p99_us")]
            cells += [show(ratio(result, peer, field)) for field in ("p50_us", "p99_us")]
        rows.append(cells)
    return table(header, rows)


def memory(results: list, peers: list) -> str:
    header = ["row", "Longspan MB"]
    for peer in peers:
        header += [f"{peer} MB", f"Longspan / {peer}"]
    rows = []
    for result in results:
        ours = middle(result, "longspan", "memory_bytes")
        cells = [short(result["row"]), show(ours and ours / 1e6)]
        for peer in peers:
            theirs, times = middle(result, peer, "memory_bytes"), ratio(result, peer, "memory_bytes")
            cells += [show(theirs and theirs / 1e6), show(times and 1 / times)]
        rows.append(cells)
    return table(header, rows)


def start(results: list, peers: list) -> str:
    header = ["", "to the first step ms", "first step ms", "median step ms", "first / median"]
    rows = []
    for result in results:
        for side in ["longspan", *peers]:
            figures = [middle(result, side, f) for f in ("ready_ms", "first_step_ms", "median_step_ms")]
            if None in figures:
                continue
            first, steady = figures[1:]
            name = "Longspan" if side == "longspan" else side
            rows.append([name, *(show(figure, 1) for figure in figures), show(first / steady)])
    return table(header, rows)
