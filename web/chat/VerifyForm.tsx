/** Checks an answer against a gold one with the server's verifier, and shows its reason. */
import { type FormEvent, useEffect, useRef, useState } from "react";
import { type Verdict, verifyAnswer } from "../api/client.ts";
import type { ChatStore } from "./store.ts";

export function VerifyForm({ store, answer }: { readonly store: ChatStore; readonly answer: string }) {
  const [gold, setGold] = useState("");
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [failure, setFailure] = useState("");
  const box = useRef<HTMLInputElement>(null);
  // It was opened to be written in.
  useEffect(() => box.current!.focus(), []);
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
      <p className="quiet" id="about-verify">
        Type the answer you know to be right; however it is written, the verifier says whether this one equals it.
      </p>
      <div className="asked">
        <label>
          The right answer{" "}
          <input
            required
            ref={box}
            aria-describedby="about-verify"
            value={gold}
            onChange={(event) => setGold(event.target.value)}
          />
        </label>
        <button type="submit">Check</button>
      </div>
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
