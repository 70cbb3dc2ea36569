#include "report/style.hh"

namespace cuttle::report {

// Each colour has at least 4.5:1 of contrast to its background for text, 3:1 for what is drawn.
const char* const kStyleSheet = R"css(
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1b1f24; --muted: #57606a; --grid: #e3e6ea; --frame: #8b949e; --panel: #f5f6f8;
  --blue: #1d5fc4; --orange: #bf4a0a; --teal: #0b7568; --violet: #7438d6; --ochre: #8f6200; --grey: #6b7280;
  --good: #0a6b3b; --bad: #b3201c; --open: #8f6200;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --text: #e7e9ec; --muted: #a4adb7; --grid: #2b3139; --frame: #6f7a86; --panel: #1d2127;
    --blue: #74adff; --orange: #ff9d57; --teal: #4fd0bf; --violet: #bb9dff; --ochre: #e4bf58; --grey: #9aa4af;
    --good: #57d08c; --bad: #ff8a80; --open: #e4bf58;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 66rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0 0 .4rem; }
p, ul { max-width: 44rem; margin: .5rem 0; }
.lead { color: var(--muted); }
.verdict {
  border-left: .4rem solid; background: var(--panel); padding: .7rem 1rem; margin: 1rem 0; max-width: 50rem;
  font-weight: 600;
}
.verdict.good { border-color: var(--good); } .verdict.bad { border-color: var(--bad); }
.verdict.open { border-color: var(--open); }
.verdict .word { margin-right: .5rem; }
.good .word { color: var(--good); } .bad .word { color: var(--bad); } .open .word { color: var(--open); }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding-bottom: .3rem; }
th, td { padding: .3rem .9rem .3rem 0; text-align: right; border-bottom: 1px solid var(--grid); vertical-align: top; }
th { font-weight: 600; border-bottom-color: var(--frame); }
td:first-child { white-space: nowrap; }
th:first-child, td:first-child, .words th, .words td { text-align: left; }
.figures { display: grid; gap: 1.6rem 2rem; margin: 1rem 0; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 56rem) { .figures.pair { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
.figures.single { max-width: 36rem; }
figure { margin: 0; break-inside: avoid; }
figcaption { color: var(--muted); font-size: .9rem; margin-top: .2rem; }
svg { display: block; width: 100%; height: auto; overflow: visible; font-family: inherit; }
svg text { font-size: 13px; fill: var(--text); }
svg .tick { fill: var(--muted); }
svg .middle { text-anchor: middle; } svg .end { text-anchor: end; }
@media (max-width: 30rem) { svg text { font-size: 15px; } }
.grid { stroke: var(--grid); } .frame { stroke: var(--frame); }
.reference { stroke: var(--text); stroke-dasharray: 5 4; }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.interval { stroke-width: 3; }
.hover { fill: transparent; } .hover:hover { fill: var(--text); fill-opacity: .35; }
.dot { fill-opacity: .75; } .bar { fill-opacity: .85; } .shade { fill-opacity: .13; }
.curve.blue, .interval.blue { stroke: var(--blue); } .curve.orange, .interval.orange { stroke: var(--orange); }
.curve.teal, .interval.teal { stroke: var(--teal); } .curve.violet, .interval.violet { stroke: var(--violet); }
.curve.ochre, .interval.ochre { stroke: var(--ochre); } .curve.grey, .interval.grey { stroke: var(--grey); }
.many .orange { stroke-dasharray: 7 3; } .many .teal { stroke-dasharray: 2 3; } .many .violet { stroke-dasharray: 9 3 2 3; }
.dot.blue, .bar.blue, .shade.blue { fill: var(--blue); } .dot.orange, .bar.orange, .shade.orange { fill: var(--orange); }
.dot.teal, .bar.teal, .shade.teal { fill: var(--teal); } .dot.violet, .bar.violet, .shade.violet { fill: var(--violet); }
.dot.ochre, .bar.ochre, .shade.ochre { fill: var(--ochre); } .dot.grey, .bar.grey, .shade.grey { fill: var(--grey); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0; margin: 0 0 .3rem; font-size: .9rem; }
.key { display: inline-block; width: 1.3rem; border-top: 3px solid; margin-right: .4rem; vertical-align: middle; }
.key.blue { border-color: var(--blue); } .key.orange { border-color: var(--orange); border-top-style: dashed; }
.key.teal { border-color: var(--teal); border-top-style: dotted; } .key.violet { border-color: var(--violet); border-top-style: dashed; }
.key.ochre { border-color: var(--ochre); } .key.grey { border-color: var(--grey); }
footer { margin-top: 3rem; color: var(--muted); font-size: .85rem; }
@media print {
  :root {
    --page: #ffffff; --text: #000000; --muted: #444444; --grid: #dddddd; --frame: #777777; --panel: #f3f3f3;
    --blue: #1d5fc4; --orange: #bf4a0a; --teal: #0b7568; --violet: #7438d6; --ochre: #8f6200; --grey: #6b7280;
    --good: #0a6b3b; --bad: #b3201c; --open: #8f6200;
  }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; }
  .figures.pair { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  h2, h3 { break-after: avoid; }
  tr { break-inside: avoid; }
}
)css";

}  // namespace cuttle::report
