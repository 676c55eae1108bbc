import { Resolver } from 'node:dns/promises';
import { errorCode, errorMessage } from '../errors.ts';
import { keepNewest } from '../newest.ts';
import { unlessAborted } from '../waiting.ts';

/** What DNS says of a key: its TXT records, that there is none, or why it cannot say. */
export type KeyAnswer =
  | { readonly records: readonly string[] }
  | { readonly absent: true }
  | { readonly temperror: string };

/** Asks for the TXT records of a name, each in its pieces. Fails with the codes of node:dns. */
export type ResolveTxt = (name: string) => Promise<string[][]>;

/** How long an answer is waited for, in milliseconds. */
export interface Patience {
  /** One try at one name server, and how many tries. */
  readonly timeout: number;
  readonly tries: number;
  /** In all: with several name servers, tries add up. */
  readonly longest: number;
}

/** For the keys of listed domains, which trust depends on: a packet gets lost now and then. */
export const LISTED: Patience = { timeout: 2_000, tries: 2, longest: 8_000 };

/** For those of whoever writes: his name servers may be slow on purpose, and a batch waits for them. */
export const OTHERS: Patience = { timeout: 1_000, tries: 2, longest: 2_500 };

/** How long an answer is kept, in milliseconds. A key that is taken back counts no longer than this. */
const AGES = { records: 300_000, absent: 60_000, temperror: 15_000 } as const;

/** Most answers that are kept: selectors come from anybody. */
const MAX_KEPT = 500;

/** There is no such name, or no TXT record of it: that is an answer (RFC 2308). Nor can a name be there that is none. */
const ABSENT = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

const NO_ANSWER = 'no name server answers';

/** What a name server's own troubles are called, for people. */
const TROUBLES: Readonly<Record<string, string>> = {
  ETIMEOUT: NO_ANSWER,
  ECONNREFUSED: NO_ANSWER,
  ESERVFAIL: 'the name server says SERVFAIL',
  EREFUSED: 'the name server refuses to answer',
};

/** @param servers addresses of name servers, with a port or without; the machine's own where undefined */
export function resolverOf(
  servers: readonly string[] | undefined,
  { timeout, tries }: Patience = LISTED,
): ResolveTxt {
  const resolver = new Resolver({ timeout, tries });
  if (servers) resolver.setServers(servers);
  return (name) => resolver.resolveTxt(name);
}

/**
 * Looks up the keys of DKIM, on the main thread, where waiting costs nothing. What is asked for at the same time is asked
 * once, and answers are kept for a while: a batch of a hundred mails of one sender is one question.
 */
export class Keys {
  private readonly resolve: ResolveTxt;
  private readonly patience: Patience;
  private readonly now: () => number;
  private readonly kept = new Map<string, { readonly until: number; readonly answer: KeyAnswer }>();
  private readonly asked = new Map<string, Promise<KeyAnswer>>();

  constructor(resolve: ResolveTxt, patience = LISTED, now = () => performance.now()) {
    this.resolve = resolve;
    this.patience = patience;
    this.now = now;
  }

  /** @param name `mail._domainkey.example.com` @returns always an answer, in bounded time */
  async look(name: string): Promise<KeyAnswer> {
    const kept = this.kept.get(name);
    if (kept && kept.until > this.now()) return kept.answer;
    const asked = this.asked.get(name) ?? this.ask(name);
    this.asked.set(name, asked);
    try {
      return await asked;
    } finally {
      this.asked.delete(name);
    }
  }

  private async ask(name: string): Promise<KeyAnswer> {
    const answer = await answerOf(this.resolve(name), this.patience);
    const age = 'records' in answer ? AGES.records : 'absent' in answer ? AGES.absent : AGES.temperror;
    this.kept.delete(name);
    this.kept.set(name, { until: this.now() + age, answer });
    keepNewest(this.kept, MAX_KEPT);
    return answer;
  }
}

async function answerOf(asking: Promise<string[][]>, { longest }: Patience): Promise<KeyAnswer> {
  const answer = asking.then(
    (records): KeyAnswer => ({ records: records.map((pieces) => pieces.join('')) }),
    (error: unknown): KeyAnswer => {
      const code = errorCode(error) ?? '';
      return ABSENT.has(code) ? { absent: true } : { temperror: TROUBLES[code] ?? errorMessage(error) };
    },
  );
  return (await unlessAborted(answer, AbortSignal.timeout(longest))) ?? { temperror: NO_ANSWER };
}
