import type { HeadersConfig, RecordingConfig, TrustConfig } from '../../src/config/schema.ts';
import { createJudge, judge, judgeSetup } from '../../src/judge/judge.ts';
import type { Incoming } from '../../src/record/incoming.ts';
import type { RuleConfig } from '../../src/rules/rule.ts';
import { mail } from '../support/mail.ts';
import { NO_AUTHENTICATION, RECORDING } from '../support/poll.ts';

/** Where a mail comes to, and what counts there. */
export interface There {
  readonly rules?: readonly RuleConfig[];
  readonly headers?: HeadersConfig;
  readonly trust?: TrustConfig;
  readonly own?: readonly string[];
  readonly mailbox?: string;
  readonly folder?: string;
  readonly body?: string;
}

/** Judges a mail as the daemon does. @param fields its header, or the whole mail */
export async function judged(fields: Record<string, string> | Buffer, there: There = {}): Promise<Incoming> {
  const { rules = [], headers = RECORDING.headers, trust = 'all', own = ['example.com'] } = there;
  const recording: RecordingConfig = { ...RECORDING, headers, rules: [...rules] as RecordingConfig['rules'] };
  const setup = judgeSetup(
    { name: there.mailbox ?? 'support', trust, own: [...own], authentication: NO_AUTHENTICATION },
    { path: there.folder ?? 'INBOX', role: 'inbox' },
    recording,
  );
  const source = Buffer.isBuffer(fields)
    ? fields
    : Buffer.from(
        mail({ From: 'Ann <ann@asker.example>', To: 'support@example.com', ...fields }, there.body),
      );
  const fetched = { uid: 1, sizeBytes: source.length, receivedAt: new Date(0), source };
  // As data, as it goes to the threads.
  const ready = createJudge(structuredClone(setup));
  const outcome = await judge(ready, { folderId: 1, uidValidity: 1 }, fetched);
  if ('error' in outcome) throw new Error(outcome.error);
  return outcome;
}
