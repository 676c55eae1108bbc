import { type Judge, judge } from '../../src/judge/judge.ts';
import { ownMatcher } from '../../src/message/addresses.ts';
import { decide } from '../../src/record/decide.ts';
import type { FolderRef, Incoming } from '../../src/record/incoming.ts';
import type { Policy } from '../../src/record/policy.ts';
import { View } from '../../src/record/view.ts';
import { caseNumberReader } from '../../src/rules/case-number.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import type { RuleConfig } from '../../src/rules/rule.ts';
import { compileRules } from '../../src/rules/rules.ts';
import { mail } from '../support/mail.ts';
import { NO_AUTHENTICATION, RECORDING } from '../support/poll.ts';

/** A mail of a story: its header fields, and beside them what the fields do not say. */
export type Told = Record<string, string>;

export interface Telling {
  /** Whose x-headers count. */
  readonly trust?: 'all' | 'none' | 'some';
  readonly role?: Judge['role'];
  readonly subjectNumber?: string;
  readonly policy?: Partial<Policy>;
  readonly rules?: readonly RuleConfig[];
  /** What was known before the story. */
  readonly view?: View;
}

/** Fields that say something to the story and are no part of the mail. */
const STAGE = ['@minute', '@body', '@trusted', '@role', '@forged'];

const POLICY: Policy = { flood: RECORDING.flood };

/** Where the mails of stories lie. */
export const FOLDER: FolderRef = { folderId: 1, uidValidity: 1 };

let uid = 0;

/** Reads one mail of a story as the daemon would. */
export async function incoming(told: Told, telling: Telling = {}): Promise<Incoming> {
  uid += 1;
  const fields = Object.fromEntries(Object.entries(told).filter(([name]) => !STAGE.includes(name)));
  const source = Buffer.from(mail({ To: 'support@example.com', ...fields }, told['@body']));
  const isTrusted = (telling.trust ?? 'all') === 'all' || told['@trusted'] === 'yes';
  const rules: Judge = {
    trust: isTrusted ? 'all' : 'none',
    mapping: headerMapping({ prefix: 'x-desk-' }),
    rules: compileRules(telling.rules ?? []),
    isOwn: ownMatcher(['example.com']),
    mailbox: 'support',
    folder: 'INBOX',
    authentication: NO_AUTHENTICATION,
    role: told['@role'] === 'sent' ? 'sent' : (telling.role ?? 'inbox'),
    caseNumbers: caseNumberReader(telling.subjectNumber ?? 'off'),
    redactions: [],
    bodyCharacters: 1_000_000,
  };
  const minute = told['@minute'] === undefined ? uid : Number(told['@minute']);
  const outcome = await judge(rules, FOLDER, {
    uid,
    sizeBytes: source.length,
    receivedAt: new Date(minute * 60_000),
    source,
  });
  if ('error' in outcome) throw new Error(outcome.error);
  return told['@forged'] === 'yes' ? { ...outcome, senderAuth: 'fail' } : outcome;
}

/** Decides a story on an empty database, and tells it by cases. */
export async function story(mails: readonly Told[], telling: Telling = {}) {
  const batch: Incoming[] = [];
  for (const told of mails) batch.push(await incoming(told, telling));
  const plan = decide(telling.view ?? new View(), batch, { ...POLICY, ...telling.policy });
  const cases = [...new Set(plan.interactions.map(({ supportCase }) => supportCase))];
  const nameOf = (customer: object | undefined) =>
    plan.emails.find((email) => email.customer === customer)?.key;
  return {
    plan,
    cases: cases.map((supportCase) => ({
      status: supportCase.status,
      mails: plan.interactions.filter((i) => i.supportCase === supportCase).length,
      follows: supportCase.followUpOf ? cases.indexOf(supportCase.followUpOf) : undefined,
    })),
    /** In the order of the mails: the case, the customer, and what is special. */
    mails: plan.interactions.map((interaction) => ({
      case: cases.indexOf(interaction.supportCase),
      customer: nameOf(interaction.customer),
      outsider: interaction.outsider,
    })),
    customersOfCases: cases.map(({ customer }) => nameOf(customer)),
    events: plan.events.map(({ field, old, new: value }) => {
      const [before, after] = [old, value].map((each) =>
        typeof each === 'object' && each !== null ? nameOf(each) : each,
      );
      return `${field}: ${before} -> ${after}`;
    }),
    refused: plan.interactions.flatMap(({ incoming: { directives } }) =>
      directives.refused.map(({ by, reason }) => `${by}: ${reason}`),
    ),
  };
}
