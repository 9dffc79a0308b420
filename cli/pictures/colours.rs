//! CLI: the colours of pages and pictures, in the light and in the dark, and how the shapes of a picture look. Constants.

/// What each colour is, in the light and in the dark; on paper it is light. Text of each tone has a contrast of 4.5 to 1 or more on its ground.
pub(crate) const COLOURS: &str = ":root{color-scheme:light dark;\
--ground:#f7f8f9;--paper:#fff;--ink:#1b2026;--soft:#566070;--line:#dde2e8;--faint:#eef1f4;--link:#0a58a8;\
--bad:#a9231b;--bad-soft:#fbe8e6;--warn:#7d4b00;--warn-soft:#fdf0d5;--go:#0a58a8;--go-soft:#e1edfa;\
--rest:#5640a8;--rest-soft:#ebe8fa;--ok:#1a6a3a;--ok-soft:#e0f2e7;--mute:#566070;--mute-soft:#e8ecf0}\
@media screen and (prefers-color-scheme:dark){:root{\
--ground:#121518;--paper:#1a1e23;--ink:#e5e9ed;--soft:#a6b0bc;--line:#333a43;--faint:#23292f;--link:#82bbff;\
--bad:#ff938a;--bad-soft:#3d1f1c;--warn:#f6c26a;--warn-soft:#392b10;--go:#82bbff;--go-soft:#16293e;\
--rest:#bfb3ff;--rest-soft:#292448;--ok:#83d8a4;--ok-soft:#16301f;--mute:#a6b0bc;--mute-soft:#2a3038}}";

/// How shapes and texts of a picture look; the colours come from [`COLOURS`].
pub(crate) const SHAPES: &str = ".pic{font:12px/1.3 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif;\
display:block}.pic text{fill:var(--ink)}.pic .soft{fill:var(--soft)}.pic .small{font-size:11px}.pic .strong{font-weight:600}\
.pic .end{text-anchor:end}.pic .mid{text-anchor:middle}.pic .rule{stroke:var(--line);fill:none}\
.pic .band{fill:var(--faint)}.pic .cut{fill:none;stroke:var(--soft);stroke-width:1.2}\
.pic .now{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:2 3;fill:none}\
.pic .inside{fill:var(--paper)}.pic .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}\
.pic .box{fill:var(--paper);stroke:var(--line)}.pic .wire{fill:none;stroke:var(--line);stroke-width:1.5}\
.pic .unseen{fill:none;stroke:var(--soft);stroke-dasharray:5 4}\
.t-bad{--tone:var(--bad);--tone-soft:var(--bad-soft)}.t-warn{--tone:var(--warn);--tone-soft:var(--warn-soft)}\
.t-go{--tone:var(--go);--tone-soft:var(--go-soft)}.t-rest{--tone:var(--rest);--tone-soft:var(--rest-soft)}\
.t-ok{--tone:var(--ok);--tone-soft:var(--ok-soft)}.t-mute{--tone:var(--mute);--tone-soft:var(--mute-soft)}\
.pic .full{fill:var(--tone);stroke:var(--tone)}.pic .hollow{fill:var(--tone-soft);stroke:var(--tone)}\
.pic .dotted{fill:var(--tone-soft);stroke:var(--tone);stroke-dasharray:4 3}\
.pic .mark{fill:none;stroke:var(--tone);stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}\
@media(forced-colors:active){.pic .full{fill:CanvasText;stroke:CanvasText}.pic .hollow,.pic .dotted{fill:Canvas;stroke:CanvasText}\
.pic text,.pic .soft{fill:CanvasText}.pic .inside{fill:Canvas}.pic .inside{fill:var(--paper)}.pic .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}\
.pic .box{fill:Canvas;stroke:CanvasText}}";
