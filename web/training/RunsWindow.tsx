/** The training window: the list of runs, or one of them. */
import { useAddress } from "./address.ts";
import { RunList } from "./RunList.tsx";
import { RunPage } from "./RunPage.tsx";
import { Shell } from "./Shell.tsx";

export function RunsWindow() {
  const run = useAddress().get("run");
  return <Shell here="/runs">{run === null ? <RunList /> : <RunPage key={run} id={run} />}</Shell>;
}
