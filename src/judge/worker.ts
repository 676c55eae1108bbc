import type { LeftInMailbox } from '../message/left.ts';
import { keepNewest } from '../newest.ts';
import type { Verdict } from '../trust/trust.ts';
import { conclude, createJudge, type Judge, type JudgeSetup } from './judge.ts';
import { bufferOf, type SentJudgement, sent } from './sent.ts';

/** One message to be judged, as it is sent to the worker. */
export interface Task {
  /** Stands for the setup: the same number is the same setup. */
  readonly setupId: number;
  readonly setup: JudgeSetup;
  readonly verdict: Verdict;
  /** Secrets overwritten; memory that both threads see. */
  readonly source: Uint8Array;
  /** As in Received. */
  readonly left: LeftInMailbox | undefined;
  readonly receivedAt: Date;
  readonly sizeBytes: number;
}

/** What became of it: a judgement, or why the message cannot be read. */
export type Answer = { readonly judgement: SentJudgement } | { readonly error: string };

/** Rules that are ready, the oldest first: there are as many as folders that are polled. */
const judges = new Map<number, Judge>();

/** Most of them that are kept: a reload makes all of them anew. */
const MAX_JUDGES = 100;

/** The worker thread's whole work: judges one message. */
export default async function work({
  setupId,
  setup,
  verdict,
  source,
  left,
  receivedAt,
  sizeBytes,
}: Task): Promise<Answer> {
  try {
    const received = { verdict, left, receivedAt, sizeBytes, source: bufferOf(source) };
    return { judgement: sent(await conclude(judgeFor(setupId, setup), received)) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function judgeFor(id: number, setup: JudgeSetup): Judge {
  const known = judges.get(id);
  if (known) return known;
  const made = createJudge(setup);
  judges.set(id, made);
  keepNewest(judges, MAX_JUDGES);
  return made;
}
