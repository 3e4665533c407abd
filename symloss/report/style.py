"""How the page looks: on a light or dark screen, narrow or wide, and on paper."""

from __future__ import annotations

CSS = """
:root { color-scheme: light dark; --text: #1d2129; --soft: #5b6472; --line: #d5d9e0; --paper: #ffffff;
  --card: #f3f6fa; --mark: #0b6aa8; --warn: #fff4e0; --warn-line: #d98c00; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e7ec; --soft: #a3abb8; --line: #3a414d; --paper: #14171c;
  --card: #1e232b; --mark: #6cb8ec; --warn: #33270f; --warn-line: #d98c00; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 62rem; background: var(--paper); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { margin: .5rem 0; max-width: 48rem; overflow-wrap: anywhere; }
a { color: var(--mark); }
.soft, caption, figcaption, dt { color: var(--soft); }
.lead { font-size: 1.05rem; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .8rem 0 0; padding: 0;
  font-size: .9rem; }
.warn { background: var(--warn); border-left: 4px solid var(--warn-line); padding: .5rem .8rem; }
.best { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--mark);
  border-radius: 4px; padding: .8rem 1rem; }
.best .math { font-size: 1.3rem; line-height: 2; }
.both { display: inline-block; max-width: 100%; }
.math { display: block; line-height: 1.9; overflow-x: auto; }
math { font-family: "Latin Modern Math", "STIX Two Math", "STIX Math", "Cambria Math", "DejaVu Math TeX Gyre", math;
  margin-right: .1em; }
code { font: .86em/1.45 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.both code { color: var(--soft); font-size: .78em; }
.best .both code { font-size: .9em; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 4px; padding: .6rem .8rem; margin: .5rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.wide { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; min-width: 40%; }
caption { text-align: left; padding: .2rem 0 .35rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; border-bottom-width: 2px; vertical-align: bottom; }
tbody th { font-weight: 400; min-width: 6.5rem; }
th, td { overflow-wrap: break-word; }
caption { max-width: 48rem; }
.n { text-align: right; white-space: nowrap; overflow-wrap: normal; }
.still { white-space: nowrap; }
.loss { min-width: 17em; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .15rem 1.5rem;
  margin: .6rem 0; font-size: .92rem; }
.facts > div { border-bottom: 1px solid var(--line); padding: .15rem 0; min-width: 0; }
.facts dt { font-size: .82rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.proved, .valid { color: #0a7a4b; } .refuted, .invalid { color: #b3261e; } .undecided { color: #8a5a00; }
@media (prefers-color-scheme: dark) {
  .proved, .valid { color: #56c596; } .refuted, .invalid { color: #f2938c; } .undecided { color: #e0b15c; } }
.check { border-bottom: 1px solid var(--line); padding: .5rem 0; }
.check ul { margin: .2rem 0; padding-left: 1.2rem; }
figure { margin: 1.2rem 0; }
figure svg { display: block; max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
figure svg * { stroke-linejoin: round; stroke-linecap: butt; }
figcaption { font-size: .9rem; margin-top: .35rem; max-width: 48rem; }
footer { margin-top: 3rem; font-size: .85rem; color: var(--soft); }
@page { size: A4; margin: 15mm 14mm; }
@media print {
  :root { --text: #000; --soft: #444; --line: #bbb; --paper: #fff; --card: #f6f6f6; --mark: #000; color-scheme: light; }
  html { font-size: 9.5pt; }
  body { max-width: none; padding: 0; }
  h2 { margin-top: 1.5rem; }
  nav { display: none; }
  h2, h3, caption, thead { break-after: avoid; }
  tr, thead, figure, .best, .check, .command, .facts > div { break-inside: avoid; }
  tbody tr:first-child { break-before: avoid; }
  .few { break-inside: avoid; }
  thead { display: table-header-group; }
  .wide, .math { overflow: visible; }
  table { font-size: 8pt; width: 100%; min-width: 0; }
  th, td { padding-right: .5rem; }
  tbody th { min-width: 4.5rem; }
  p { orphans: 3; widows: 3; }
  a { color: inherit; text-decoration: none; }
}
"""
