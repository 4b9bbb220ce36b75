/**
 * The colours of reports, those of web/colours.css: paper, ink and one accent, light and dark. Reports are files by themselves, so they
 * bring their own copy.
 */
export const COLOURS: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  paper: ["#fbfaf7", "#171614"],
  raised: ["#f2f0ea", "#211f1c"],
  line: ["#dcd8ce", "#37342f"],
  ink: ["#1f1d1a", "#e9e5dd"],
  soft: ["#625d54", "#a9a297"],
  accent: ["#a3401a", "#ef9067"],
  second: ["#2f6690", "#7db3dd"],
  third: ["#6b7d2a", "#b6c76a"],
  good: ["#256a3a", "#7cc493"],
  bad: ["#a32020", "#f08a8a"],
};

/** How every report's style begins: the colours as `var(--accent)` and the like, and the page in them. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; font: 14px/1.45 system-ui, sans-serif; ${Object.entries(COLOURS)
  .map(([name, [light, dark]]) => `--${name}: light-dark(${light}, ${dark});`)
  .join(" ")} }
body { background: var(--paper); color: var(--ink); }`;
