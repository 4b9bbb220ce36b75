/**
 * `vote`: several answers to one question, and of these the one given most often (self-consistency, arXiv 2203.11171). Answers that
 * are the same mathematics are one, which the verifier decides in bounded work, never by the clock, and with
 * turns for everybody else in between: the same answers always give the same vote.
 */
import type { Answer } from "../../generate/answer.ts";
import { breathe } from "../../generate/batch.ts";
import { majority, normaliseAnswer, type Vote } from "../../generate/vote.ts";
import { finalAnswer, sameAnswer } from "../../tasks/math/verify.ts";
import { invalid } from "../errors.ts";
import type { ChunkIdentity, UsagePlace } from "./chunks.ts";
import type { chatResponse } from "./response.ts";
import type { ChatRequest } from "./schema.ts";

type Body = ReturnType<typeof chatResponse>;

/** The request for so many answers. @throws ApiError where a vote makes no sense */
export function withVoters(request: ChatRequest): ChatRequest {
  const { vote } = request;
  if (vote === undefined) return request;
  if ((request.n ?? 1) > 1) throw invalid("A vote gives one answer: leave n out and say how many in vote.n.", "n");
  if (request.tools?.length && request.tool_choice !== "none") {
    throw invalid("There is no vote on tool calls: leave tools or vote out.", "vote");
  }
  return { ...request, n: vote.n };
}

/** @param verify whether 1/2 and 0.5 are one answer; else only what is written alike is */
export async function voteOn(answers: readonly string[], verify: boolean): Promise<Vote> {
  if (!verify) return majority(answers);
  const written = new Map(answers.map((answer) => [normaliseAnswer(answer), answer]));
  const alike = new Set<string>();
  const pair = (a: string, b: string): string => JSON.stringify([a, b].sort());
  const distinct: (readonly [string, string])[] = [];
  for (const [key, answer] of written) {
    let isNew = true;
    for (const [otherKey, other] of distinct) {
      await breathe();
      if (!sameAnswer(other, answer)) continue;
      alike.add(pair(key, otherKey));
      isNew = false;
      break;
    }
    if (isNew) distinct.push([key, answer]);
  }
  return majority(answers, (a, b) => alike.has(pair(normaliseAnswer(a), normaliseAnswer(b))));
}

/** The body with the majority's choice alone, and how the vote went. Its usage is that of all answers. */
export async function votedResponse(body: Body, answers: readonly Answer[], verify: boolean) {
  const vote = await voteOn(
    answers.map(({ answer }) => answer),
    verify,
  );
  const said = (text: string): string => (verify ? finalAnswer(text) || text : text).trim();
  return {
    ...body,
    choices: [{ ...body.choices[vote.index], index: 0 }],
    vote: {
      n: answers.length,
      verified: verify,
      answer: said(vote.answer),
      votes: vote.votes,
      distribution: vote.tally.map(({ answer, votes }) => ({
        answer: said(answer),
        votes,
        share: votes / answers.length,
      })),
    },
  };
}

/** The same as chunks of a stream: nothing can be told before all have voted. */
export function votedChunks(
  identity: ChunkIdentity,
  body: Awaited<ReturnType<typeof votedResponse>>,
  usage: UsagePlace,
) {
  const { id, created, model, system_fingerprint } = identity;
  const head = { id, object: "chat.completion.chunk", created, model, system_fingerprint };
  const [{ message, logprobs, index: _, message: __, ...finish }] = body.choices;
  const { role, content, ...thinking } = message;
  const chunk = (delta: object, more: object = {}, tail: object = { usage: null }) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...more }],
    ...tail,
  });
  return [
    chunk({ role, content: null }),
    ...(Object.keys(thinking).length === 0 ? [] : [chunk({ content: null, ...thinking })]),
    chunk({ content }, { logprobs }),
    chunk({ content: "" }, { ...finish }, { usage: usage === "finish" ? body.usage : null, vote: body.vote }),
    ...(usage === "chunk" ? [{ ...head, choices: [], usage: body.usage }] : []),
  ];
}
