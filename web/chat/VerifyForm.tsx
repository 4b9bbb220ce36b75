/** Checks an answer against a gold one with the server's verifier, and shows its reason. */
import { type FormEvent, useState } from "react";
import { type Verdict, verifyAnswer } from "../api/client.ts";
import type { ChatStore } from "./store.ts";

export function VerifyForm({ store, answer }: { readonly store: ChatStore; readonly answer: string }) {
  const [gold, setGold] = useState("");
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [failure, setFailure] = useState("");
  const verify = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setFailure("");
    try {
      setVerdict(await verifyAnswer(gold, answer, store.snapshot().settings.key));
    } catch (error) {
      setVerdict(null);
      setFailure((error as Error).message);
    }
  };
  return (
    <form className="verify" onSubmit={verify}>
      <label>
        The right answer <input required value={gold} onChange={(event) => setGold(event.target.value)} />
      </label>
      <button type="submit">Check</button>
      <output aria-live="polite">
        {verdict && (
          <span className={verdict.correct ? "right" : "wrong"}>
            {verdict.correct ? "Correct" : "Not correct"}: {verdict.reason}
          </span>
        )}
        {failure}
      </output>
    </form>
  );
}
