/** Colours pass 4.5:1 as text and 3:1 as shapes on their ground, in both themes. */
export const STYLE = `:root{--ground:#fff;--ink:#1a1d21;--quiet:#5a626c;--line:#d9dde2;--up:#1a7f4b;--degraded:#8f5a00;--down:#c2252f;--maintenance:#2457c5;--unknown:#5f6772;--up-bar:#2a9d63;--degraded-bar:#b97a10;--down-bar:#c2252f;--unknown-bar:#8a929c}
@media (prefers-color-scheme:dark){:root{--ground:#14171a;--ink:#e8eaed;--quiet:#a2aab4;--line:#343a41;--up:#58cf93;--degraded:#f0b650;--down:#ff7d83;--maintenance:#8db2ff;--unknown:#a9b1bb;--up-bar:#3fae77;--degraded-bar:#d89b35;--down-bar:#f0606a;--unknown-bar:#727a85}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:56rem;margin:0 auto;padding:2rem 1rem 3rem}
h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.125rem;margin:2.5rem 0 .75rem}h3{font-size:1rem;margin:0}
p{margin:.25rem 0}ul{margin:0;padding-left:1.25rem}
.components,.incidents{list-style:none;padding:0}
.components>li,.incidents>li{padding:1rem 0;border-top:1px solid var(--line)}
.quiet{color:var(--quiet);font-size:.875rem;font-weight:400}
.line{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1rem;align-items:baseline}
.overall{font-size:1.25rem;font-weight:600;border:1px solid var(--line);border-left:.375rem solid currentColor;border-radius:.375rem;padding:.75rem 1rem}
.away{border:2px dashed var(--degraded);border-radius:.375rem;padding:.75rem 1rem;margin:.75rem 0}
.state{font-weight:600;margin:0}
.up{color:var(--up)}.degraded{color:var(--degraded)}.down{color:var(--down)}.maintenance{color:var(--maintenance)}.unknown{color:var(--unknown)}
.sign{display:inline-block;min-width:1.25em;margin-right:.375em;font-weight:700}
.bars{display:block;width:100%;height:2.25rem;margin:.5rem 0 .25rem}
path.up{fill:var(--up-bar)}path.degraded{fill:var(--degraded-bar)}path.down{fill:var(--down-bar)}
path.unknown{fill:none;stroke:var(--unknown-bar);stroke-width:1;stroke-dasharray:2 1.5;vector-effect:non-scaling-stroke}
.key{display:inline-block;width:.75em;height:.75em;margin:0 .375em 0 .75em;border-radius:1px}
.key:first-child{margin-left:0}
.key.up{background:var(--up-bar)}.key.degraded{background:var(--degraded-bar)}.key.down{background:var(--down-bar)}.key.unknown{border:1px dashed var(--unknown-bar)}
.short{display:none}
details{margin-top:.5rem}summary{cursor:pointer;color:var(--quiet);font-size:.875rem}
table{border-collapse:collapse;font-size:.875rem;margin-top:.5rem}th,td{text-align:left;padding:.25rem 1.25rem .25rem 0;font-weight:400}thead th{color:var(--quiet)}
a{color:inherit}footer{margin-top:2.5rem;display:flex;gap:1.25rem}
:focus-visible{outline:2px solid var(--maintenance);outline-offset:2px}
@media (max-width:40rem){.long{display:none}.bars.long{display:block;position:absolute;width:1px;height:1px;overflow:hidden;opacity:0}.short{display:block}span.short{display:inline}}
@media (forced-colors:active){path.up{fill:CanvasText}path.down,path.degraded{fill:Highlight}path.unknown{stroke:GrayText}}
`;
