// `reckon eval --from-samples`: answers that are there already, judged where they are not, and added up.
import { usageError } from "../../error.ts";
import { openBenchmark } from "../../evaluate/benchmarks/registry.ts";
import { evaluationCost, type Rate } from "../../evaluate/cost/cost.ts";
import type { Judge } from "../../evaluate/item.ts";
import { choiceJudge, exactJudge, mathJudge, sameMath } from "../../evaluate/judges.ts";
import { readSamples } from "../../evaluate/record/read-samples.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { judgeRemarks, judgeSettings, openJudge } from "./judge.ts";
import { checkedKs, type EvalOptions, placesOf, rateOf } from "./options.ts";
import { tell } from "./result.ts";

/** Adds up, and tells the result. */
export async function addUpSamples(file: string, options: EvalOptions): Promise<void> {
  using interrupt = listenForInterrupt("stopping; press Ctrl-C again to stop at once");
  const judge = await openJudge(options, interrupt.signal);
  const read = await readSamples(
    file,
    judge === null ? judges(options) : (id, gold, prompt) => judge.model.of(id, prompt, gold),
    options.rejudge === true,
  );
  const { results, settings, used } = read;
  const fewest = Math.min(...results.map(({ responses }) => responses.length));
  const ks = checkedKs(options.k, fewest, `${file} has`) ?? (fewest > 1 ? [fewest] : []);
  const rate = rateFor(options, settings);
  const { seconds, ...spent } = used ?? { seconds: Number.NaN, core_seconds: null, joules: null };
  const blind = read.blind && ks.some((k) => k > 2);
  tell(
    {
      settings: {
        ...settings,
        benchmark: options.benchmark ?? read.name,
        ...(judge === null ? {} : judgeSettings(judge)),
      },
      results,
      samples: fewest,
      summary: { ks, seed: options.seed ?? settings?.seed, same: sameMath },
      seconds,
      cost: evaluationCost({ results, seconds, ...spent, rate }),
      items: file,
      remarks: [
        ...judgeRemarks(judge),
        ...(blind
          ? [
              "Wrong answers are not told apart in this file, so all of one question count as the same: cons@k is a lower bound.",
            ]
          : []),
      ],
    },
    { ...options, out: undefined },
  );
}

function judges({ benchmark, judge = "math", data, seed = 0 }: EvalOptions): (id: string, gold: string) => Judge {
  if (benchmark === undefined) {
    const make = { math: mathJudge, exact: exactJudge, choice: (gold: string) => choiceJudge(gold) }[judge];
    return (_, gold) => make(gold);
  }
  const { items, name } = openBenchmark(benchmark, { seed }, placesOf(data));
  const known = new Map(items.map((item) => [item.id, item.judge]));
  return (id) => {
    const own = known.get(id);
    if (own === undefined)
      throw usageError(
        `the benchmark ${name} has no question "${id}"; leave --benchmark out to judge by the gold answers`,
        "--benchmark",
      );
    return own;
  };
}

/** What was noted by whoever asked, at the price of today's flags or of that server. */
function rateFor(
  options: EvalOptions,
  settings: { readonly server: string | null; readonly model: string } | null,
): Rate {
  const stated = options.usdPerHour !== undefined || options.price !== undefined;
  if (settings === null) return stated ? rateOf(options, null) : null;
  return rateOf(options, settings.server === null ? null : { base: settings.server, model: settings.model });
}
