import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endlessMails, type FaultMail } from './fault-mails.ts';
import type { Chance } from './random.ts';

/** How long it takes until the next mail comes, in milliseconds. */
const PAUSE_MS = [40, 260] as const;

/** Brings mail into a Maildir, whether its server runs or not, and knows what it brought. */
export class Arrivals {
  private readonly maildir: string;
  private readonly stream: Iterator<FaultMail, never>;
  private readonly byFile = new Map<string, FaultMail>();
  private flow: Promise<void> | undefined;
  private flowing = false;

  /** @param maildir of a Dovecot of the test's own */
  constructor(maildir: string, user: string, seed: number) {
    this.maildir = maildir;
    this.stream = endlessMails(seed, user);
  }

  get count(): number {
    return this.byFile.size;
  }

  bring(count = 1): void {
    for (let brought = 0; brought < count; brought += 1) {
      // Dovecot gives UIDs to files that it finds together in the order of the numbers that their names begin with.
      const file = `${1_800_000_000 + this.count}.M1P1.test`;
      const mail = this.stream.next().value;
      const draft = join(this.maildir, 'tmp', file);
      writeFileSync(draft, mail.raw, 'latin1');
      chmodSync(draft, 0o644);
      this.byFile.set(file, mail);
      renameSync(draft, join(this.maildir, 'new', file));
    }
  }

  /** Brings one mail after the other, until `stop`. */
  start(luck: Chance): void {
    this.flowing = true;
    this.flow = (async () => {
      while (this.flowing) {
        this.bring();
        await sleep(luck.between(...PAUSE_MS));
      }
    })();
  }

  async stop(): Promise<void> {
    this.flowing = false;
    await this.flow;
  }

  /** What was brought, in the order of its UIDs, by which a daemon reads it. */
  inOrder(): FaultMail[] {
    const uids = uidsOf(this.maildir);
    const uidOf = (file: string) => uids.get(file) ?? Number.POSITIVE_INFINITY;
    return [...this.byFile].sort(([a], [b]) => uidOf(a) - uidOf(b)).map(([, mail]) => mail);
  }
}

/** Which file has which UID: a line each of Dovecot's own list, `12 :1800000011.M1P1.test:2,S`. */
export function uidsOf(maildir: string): Map<string, number> {
  const list = join(maildir, 'dovecot-uidlist');
  if (!existsSync(list)) return new Map();
  const lines = readFileSync(list, 'latin1').split('\n').slice(1);
  return new Map(
    lines.flatMap((line) => {
      const [, uid, file] = /^(\d+) .*?:([^:]+)/.exec(line) ?? [];
      return uid && file ? [[file, Number(uid)]] : [];
    }),
  );
}
