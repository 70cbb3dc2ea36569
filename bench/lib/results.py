"""What the benchmarks found: collected while they run, then a table, JSON, and a page with plots."""

import html
import json
import os
import statistics
from collections import defaultdict

OUT = os.environ["BENCH_OUT"]


class Results:
    """Samples by row and column. Rounds alternate between the rows; what is shown is the median."""

    def __init__(self, name, title, columns, plot=None):
        self.name = name
        self.title = title
        self.columns = columns  # key -> (heading, format)
        self.plot = plot        # the key whose bars are drawn
        self.samples = defaultdict(lambda: defaultdict(list))
        self.notes = []
        self.checks = []        # (text, reached)

    def add(self, row, **values):
        for key, value in values.items():
            self.samples[row][key].append(value)

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def median(self, row, key):
        values = self.samples.get(row, {}).get(key)
        return statistics.median(values) if values else None

    def check(self, text, value, relation, bound):
        """One of the figures that must hold; printed either way."""
        if value is None or bound is None:
            self.checks.append((f"{text}: not measured", None))
            return
        reached = value <= bound if relation == "<=" else value >= bound
        self.checks.append((f"{text}: {value:.3g}, wanted {relation} {bound:.3g}", reached))

    def rows(self):
        for row, values in self.samples.items():
            yield [row] + [form.format(self.median(row, key)) if key in values else "–"
                           for key, (_, form) in self.columns.items()]

    def text(self):
        table = [[""] + [heading for heading, _ in self.columns.values()]] + list(self.rows())
        widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
        lines = [f"\n== {self.title}"]
        for line in table:
            lines.append("  " + line[0].ljust(widths[0]) + "".join("  " + c.rjust(w) for c, w in zip(line[1:], widths[1:])))
        lines += ["  " + note for note in self.notes]
        for text, reached in self.checks:
            lines.append(f"  {'open   ' if reached is None else 'reached' if reached else 'MISSED '}  {text}")
        return "\n".join(lines)

    def save(self):
        os.makedirs(OUT, exist_ok=True)
        with open(f"{OUT}/{self.name}.json", "w", encoding="utf-8") as file:
            json.dump({"benchmark": self.name, "title": self.title, "notes": self.notes,
                       "checks": [{"text": t, "reached": r} for t, r in self.checks],
                       "rows": [{"name": row, "median": {k: self.median(row, k) for k in values},
                                 "samples": values} for row, values in self.samples.items()]}, file, indent=1)
        with open(f"{OUT}/{self.name}.html", "w", encoding="utf-8") as file:
            file.write(self.page())

    def page(self):
        """Self-contained: no script, no other file."""
        out = ["<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>",
               f"<title>{html.escape(self.title)}</title>",
               "<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui;max-width:60em;margin:2em auto;padding:0 1em}"
               "table{border-collapse:collapse}td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #8884}"
               "td:first-child{text-align:left}.bar{fill:#4a7ebb}.ours{fill:#d9822b}text{fill:currentColor;font:13px system-ui}</style>",
               f"<h1>{html.escape(self.title)}</h1>"]
        if self.plot:
            out.append(self._bars())
        out.append("<table><tr><th>" + "".join(f"<th>{html.escape(h)}" for h, _ in self.columns.values()))
        out += ["<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in row) for row in self.rows()]
        out.append("</table>")
        out += [f"<p>{html.escape(note)}" for note in self.notes]
        out += [f"<p>{'open' if r is None else 'reached' if r else 'missed'}: {html.escape(t)}" for t, r in self.checks]
        return "\n".join(out)

    def _bars(self):
        rows = [(row, self.median(row, self.plot)) for row in self.samples if self.plot in self.samples[row]]
        heading, form = self.columns[self.plot]
        most = max((value for _, value in rows), default=1) or 1
        out = [f"<svg viewBox='0 0 800 {26 * len(rows) + 30}' role=img><text x=0 y=16>{html.escape(heading)}</text>"]
        for i, (row, value) in enumerate(rows):
            y = 26 * i + 26
            width = max(1, 420 * value / most)
            kind = "bar ours" if row.startswith("Cuttle") else "bar"
            out.append(f"<text x=0 y={y + 15}>{html.escape(row[:42])}</text><rect class='{kind}' x=290 y={y} width={width:.0f} height=20 />"
                       f"<text x={296 + width:.0f} y={y + 15}>{form.format(value)}</text>")
        return "\n".join(out) + "</svg>"
