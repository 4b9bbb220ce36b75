/** The names LaTeX and plain text give to functions, constants and Greek letters. */
import type { Constant } from "./expression.ts";

/** Functions of one argument (log also of a base), under the name the tree carries. */
export const FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ...["sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "exp", "ln", "log", "abs", "floor"].map(
    (name) => [name, name] as const,
  ),
  ...["ceil", "sgn", "det", "gcd", "lcm", "max", "min", "arg", "deg", "dim", "ker", "erf"].map(
    (name) => [name, name] as const,
  ),
  ["lg", "log"],
  ["arcsin", "arcsin"],
  ["asin", "arcsin"],
  ["arccos", "arccos"],
  ["acos", "arccos"],
  ["arctan", "arctan"],
  ["atan", "arctan"],
  ["arccot", "arccot"],
  ["arcsec", "arcsec"],
  ["arccsc", "arccsc"],
  ["sign", "sgn"],
  ["ceiling", "ceil"],
]);

/** Trigonometric functions, whose argument may be in degrees and whose power may stand before the argument. */
export const TRIGONOMETRIC = new Set(["sin", "cos", "tan", "cot", "sec", "csc"]);

/** The inverse of f, for f^{-1} x. */
export const INVERSE: ReadonlyMap<string, string> = new Map(
  ["sin", "cos", "tan", "cot", "sec", "csc"].map((name) => [name, `arc${name}`] as const),
);

export const CONSTANTS: ReadonlyMap<string, Constant> = new Map([
  ["pi", "pi"],
  ["infty", "infinity"],
  ["infinity", "infinity"],
  ["inf", "infinity"],
  ["imath", "i"],
]);

export const GREEK = new Set(
  (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho varrho sigma tau " +
    "upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega ell hbar partial nabla"
  ).split(" "),
);

/** Commands that change how a thing looks, not what it is; the argument stays. */
export const STYLES = new Set(
  (
    "mathbf mathit mathsf mathtt mathcal mathfrak boldsymbol bm emph underline boxed fbox framebox displaystyle textstyle " +
    "scriptstyle scriptscriptstyle limits nolimits left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr " +
    "middle rm bf it sf tt cal mathstrut strut hfill noindent centering large Large small normalsize mathopen mathclose " +
    "mathbin mathrel mathord unicode ensuremath therefore because angle measuredangle triangle"
  ).split(" "),
);

/** Space of any width. */
export const SPACES = new Set([
  ",",
  ";",
  ":",
  "!",
  ">",
  " ",
  "quad",
  "qquad",
  "thinspace",
  "medspace",
  "thickspace",
  "enspace",
  "enskip",
  "nobreak",
  "allowbreak",
  "hskip",
  "hspace",
  "kern",
  "n",
]);

/** Commands whose argument is words. */
export const TEXTS = new Set(
  "text mbox textnormal textrm textbf textit textsf texttt textup textsc mathrm operatorname hbox textcolor".split(" "),
);

/** Numbers as words, for "base five". */
export const NUMBER_WORDS: ReadonlyMap<string, number> = new Map(
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    .split(" ")
    .map((word, value) => [word, value] as const),
);

/** Words that only a sentence holds: a text with one of them is not a formula. */
export const SENTENCE_WORDS = new Set(
  "is the for are of was has not with to we if then this that there when so thus hence".split(" "),
);
