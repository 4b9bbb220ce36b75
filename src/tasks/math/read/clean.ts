/** Makes one spelling of many before a text is read: Unicode signs become LaTeX, doubled backslashes single, thousands marks go. */

/** The text in the spelling the lexer reads. Linear in its length. */
export function clean(text: string): string {
  let cleaned = text;
  if (/[^\t\n\r -~]/.test(cleaned)) cleaned = withoutUnicode(cleaned);
  if (cleaned.includes("\\\\")) cleaned = singleBackslashes(cleaned);
  // 12{,}345 and 12,\!345: a comma made narrow stands between thousands
  if (/\{ ?,|,\s?\\!/.test(cleaned)) cleaned = cleaned.replace(/(\d) ?(?:\{ ?, ?\}|,\s?\\!) ?(?=\d{3}(?!\d))/g, "$1");
  return cleaned.trim().replace(/(?<![\s.,;:])[\s.,;:]+$/, "");
}

/** Text that went through a program's string escapes once too often: `\\frac` is `\frac`, but `\\` between the rows of a matrix stays. */
function singleBackslashes(text: string): string {
  if (/\\\\[a-zA-Z{}[\]()]/.test(text) && !/(?<!\\)\\[a-zA-Z]/.test(text)) return text.replaceAll("\\\\", "\\");
  if (/\\begin|\\cr\b/.test(text)) return text;
  return text.replace(/\\\\(?=[a-zA-Z])/g, "\\");
}

function withoutUnicode(text: string): string {
  const plain = text
    .normalize("NFKC") // full-width digits, fractions such as ½ (as 1⁄2) and exponents such as ² (marked below, before this)
    .replace(/\s/g, " ");
  const marked = /[⁰¹²³⁴-⁹⁻₀-₉½¼¾⅐-⅞]/.test(text) ? markScripts(text).normalize("NFKC").replace(/\s/g, " ") : plain;
  let out = "";
  for (const character of marked) out += SIGNS.get(character) ?? character;
  return out;
}

/** Raised and lowered digits as `^{..}` and `_{..}`, fractions in one character as `\frac{..}{..}`: NFKC would make plain digits of them. */
function markScripts(text: string): string {
  return text
    .replace(/(\d?)([½¼¾⅐-⅞])/g, (_, whole: string, sign: string) => {
      const [top, bottom] = sign.normalize("NFKC").split("⁄");
      return `${whole}\\frac{${top}}{${bottom}}`;
    })
    .replace(/[⁻⁰¹²³⁴-⁹]+/g, (run) => `^{${run.normalize("NFKC").replaceAll("\u2212", "-")}}`)
    .replace(/[₀-₉]+/g, (run) => `_{${run.normalize("NFKC")}}`);
}

const SIGNS: ReadonlyMap<string, string> = new Map([
  ...["\u2212", "\u2013", "\u2014", "\u2010", "\u2011", "\u2012"].map((dash) => [dash, "-"] as const),
  ["×", " \\times "],
  ["⋅", " \\cdot "],
  ["·", " \\cdot "],
  ["∙", " \\cdot "],
  ["÷", " \\div "],
  ["\u2044", "/"],
  ["\u2215", "/"],
  ["√", "\\sqrt "],
  ["∛", "\\sqrt[3] "],
  ["∞", "\\infty "],
  ["≤", "\\le "],
  ["⩽", "\\le "],
  ["≥", "\\ge "],
  ["⩾", "\\ge "],
  ["≠", "\\ne "],
  ["≈", "\\approx "],
  ["≡", "\\equiv "],
  ["∪", "\\cup "],
  ["∩", "\\cap "],
  ["∖", "\\setminus "],
  ["∈", "\\in "],
  ["∅", "\\emptyset "],
  ["ℝ", "\\mathbb{R}"],
  ["±", "\\pm "],
  ["∓", "\\mp "],
  ["°", "^\\circ "],
  ["′", "'"],
  ["\u2019", "'"],
  ["∑", "\\sum "],
  ["∏", "\\prod "],
  ["∫", "\\int "],
  ["⇒", "\\Rightarrow "],
  ["→", "\\to "],
  ["…", "\\ldots "],
  ["\u3001", ","],
  ["\u3002", "."],
  ["，", ","],
  ["：", ":"],
  ["；", ";"],
  ["（", "("],
  ["）", ")"],
  ["⟨", "\\langle "],
  ["⟩", "\\rangle "],
  ["⌊", "\\lfloor "],
  ["⌋", "\\rfloor "],
  ["⌈", "\\lceil "],
  ["⌉", "\\rceil "],
  ["π", "\\pi "],
  ["α", "\\alpha "],
  ["β", "\\beta "],
  ["γ", "\\gamma "],
  ["δ", "\\delta "],
  ["ε", "\\epsilon "],
  ["ζ", "\\zeta "],
  ["η", "\\eta "],
  ["θ", "\\theta "],
  ["κ", "\\kappa "],
  ["λ", "\\lambda "],
  ["μ", "\\mu "],
  ["ν", "\\nu "],
  ["ξ", "\\xi "],
  ["ρ", "\\rho "],
  ["σ", "\\sigma "],
  ["τ", "\\tau "],
  ["φ", "\\phi "],
  ["χ", "\\chi "],
  ["ψ", "\\psi "],
  ["ω", "\\omega "],
  ["Δ", "\\Delta "],
  ["Σ", "\\Sigma "],
  ["Ω", "\\Omega "],
]);
