//! How the pages look: one style sheet, light and dark, from a phone to a desk.

/// The style sheet.
pub(super) const STYLE: &str = "\
:root{--back:#f6f7f9;--panel:#fff;--text:#1b1d21;--soft:#565c66;--line:#d9dde3;--main:#0b57d0;--on-main:#fff;
--good:#0f6b33;--good-back:#e3f4e8;--warn:#7a4d00;--warn-back:#fdf1d8;--bad:#a8201a;--bad-back:#fce8e6;
color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--back:#131417;--panel:#1c1e22;--text:#e8eaed;--soft:#a6adb8;--line:#363a42;
--main:#a8c7fa;--on-main:#062e6f;--good:#81d99b;--good-back:#143222;--warn:#f2c879;--warn-back:#382b10;
--bad:#f5aca5;--bad-back:#43201d}}
*{box-sizing:border-box}
html{scroll-padding-top:4rem}
body{margin:0;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
a{color:var(--main)}
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0 1rem}
h2{font-size:1.2rem;margin:0 0 .75rem}
h3{font-size:1rem;margin:1.25rem 0 .25rem}
p{margin:.25rem 0 .75rem}
code{font:.9em ui-monospace,monospace}
:focus-visible{outline:3px solid var(--main);outline-offset:2px;border-radius:.25rem}
main:focus{outline:none}
.skip{position:absolute;left:-100rem;z-index:2}
.skip:focus{left:1rem;top:.5rem;padding:.5rem 1rem;background:var(--panel)}
.top{position:sticky;top:0;z-index:1;background:var(--panel);border-bottom:1px solid var(--line)}
.bar{display:flex;align-items:center;gap:1.5rem;max-width:76rem;margin:auto;padding:.6rem 1rem}
.brand{font-weight:700;color:inherit;text-decoration:none;white-space:nowrap}
.bar nav{display:flex;gap:1.1rem;flex:1;overflow-x:auto}
.bar nav a{color:var(--soft);text-decoration:none;white-space:nowrap;padding:.25rem 0}
.bar nav a:hover{color:var(--main);text-decoration:underline}
.bar form{margin-left:auto}
main{max-width:76rem;margin:auto;padding:1rem}
section{background:var(--panel);border:1px solid var(--line);border-radius:.75rem;padding:1.1rem 1.25rem;margin:0 0 1.25rem}
.foot{max-width:76rem;margin:auto;padding:0 1rem 2rem;color:var(--soft);font-size:.875rem}
.narrow{max-width:26rem;margin:4rem auto}
.box{background:var(--panel);border:1px solid var(--line);border-radius:.75rem;padding:1.25rem;display:grid;gap:.5rem}
.box p{margin:0}
label,.label{font-weight:600}
input[type=password]{font:inherit;width:100%;padding:.55rem .7rem;border:1px solid var(--soft);border-radius:.5rem;
background:var(--back);color:inherit;margin-bottom:.5rem}
button{font:inherit;padding:.35rem .9rem;border:1px solid var(--main);border-radius:.5rem;background:none;
color:var(--main);cursor:pointer;white-space:nowrap}
button:hover{text-decoration:underline}
button.main{background:var(--main);color:var(--on-main);font-weight:600;padding:.5rem 1.1rem}
button.quiet{border-color:var(--line);color:var(--text)}
.soft{color:var(--soft);font-size:.875rem}
.center{text-align:center}
.whole{white-space:nowrap}
.empty{color:var(--soft);margin:0}
.tools a,.chosen{margin-left:.75rem}
.chosen{font-weight:600}
.pages a{display:inline-block;margin:1rem 1.25rem 0 0}
.notice{padding:.7rem 1rem;border-radius:.5rem;border:1px solid var(--line);border-left-width:.3rem;margin:0 0 1rem}
.notice p,.notice ul{margin:0 0 .25rem}
.notice.good{background:var(--good-back);border-color:var(--good)}
.notice.bad{background:var(--bad-back);border-color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:1rem;margin:0 0 1.25rem}
.tile{background:var(--panel);border:1px solid var(--line);border-radius:.75rem;padding:1rem 1.25rem}
.tile p{margin:0}
.tile .label{color:var(--soft);font-size:.875rem}
.tile .number{font-size:1.5rem;font-weight:650;line-height:1.4}
.tile form{margin:.4rem 0}
.mark{display:inline-block;padding:0 .55rem;border-radius:1rem;font-size:.85rem;line-height:1.6;background:var(--back);
border:1px solid var(--line);white-space:nowrap}
.mark.good{background:var(--good-back);color:var(--good);border-color:transparent}
.mark.warn{background:var(--warn-back);color:var(--warn);border-color:transparent}
.mark.bad{background:var(--bad-back);color:var(--bad);border-color:transparent}
table{width:100%;border-collapse:collapse;font-size:.95rem}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{text-align:left;vertical-align:top;padding:.55rem .75rem .55rem 0;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--soft);font-size:.8rem;font-weight:600;white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
.title{display:block}
td form{margin:0}
td button{padding:.1rem .75rem}
details{margin:.75rem 0 0}
section>details:first-of-type{margin-top:.25rem}
summary{cursor:pointer;font-weight:600;padding:.25rem 0}
.error{border-left:.25rem solid var(--bad);padding:.1rem 0 .1rem 1rem;margin:.75rem 0}
.error h3{margin:0}
.error p,.error ul{margin:.25rem 0}
.error ul{padding-left:1.1rem;color:var(--soft);font-size:.9rem}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.25rem;margin:0 0 1.5rem}
.facts dt{color:var(--soft)}
.facts dd{margin:0}
@media (max-width:46rem){
.bar{flex-wrap:wrap;gap:.25rem 1rem}
.bar nav{order:3;flex-basis:100%}
section{padding:1rem}
.tiles{grid-template-columns:1fr 1fr;gap:.75rem}
.tile{padding:.8rem 1rem}
.tile .number{font-size:1.2rem}
table,tbody,tr,th,td{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{padding:.6rem 0;border-bottom:1px solid var(--line)}
tbody tr:last-child{border-bottom:0}
th,td,tbody tr:last-child>*{border:0;padding:.15rem 0}
tbody th{font-weight:600}
tbody th :is(.soft,.title){font-weight:400}
td[data-label]{display:grid;grid-template-columns:7rem 1fr;gap:.75rem}
td[data-label]::before{content:attr(data-label);color:var(--soft);font-size:.875rem}
}
@media print{.top,form,nav{display:none}section{break-inside:avoid}}
";

/// [`STYLE`] as a content security policy names it in `style-src`.
pub(super) const STYLE_HASH: &str = "sha256-7rZNhMbsHhaBPhQPT982uL49nJ0P8hH+sKemLg9V8Os=";
