import { rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, it } from 'vitest';
import { REFUSED, TAKEN } from '../support/daemon.ts';
import { createDatabase, dropDatabase, type TestDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { mailboxSection, type Running, startMailcase, writeConfig } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';
import { SEED } from '../support/seed.ts';
import { withEvidence } from './evidence.ts';
import { noteFault } from './fault-table.ts';
import { NO_FLOOD } from './history.ts';
import { LogWatch, waitFor } from './log-watch.ts';
import { chance } from './random.ts';
import { scaled } from './scaled.ts';
import { startTapProxy } from './tap-proxy.ts';

const RELOADS = scaled({ short: 12, long: 150 });
const timeout = scaled({ short: 240_000, long: 3_600_000 });

/** How soon a daemon has stopped that has nothing in hand, in milliseconds. */
const STOP_MS = 4_000;

const USER = 'reloading@example.com';

/** Each configuration makes something else of the same mail, in several ways. */
const OUTCOMES = {
  a: { labels: ['of-a'], city: 'Aston', status: 'resolved', direction: 'in', priority: 1 },
  b: { labels: ['of-b'], city: 'Bonn', status: 'pending', direction: 'out', priority: 9 },
} as const;

type Which = keyof typeof OUTCOMES;

/** From shop.example, which is the company's own in the one, and anybody in the other. */
function mailWith(number: number): string {
  const fields = (prefix: string, { labels: [label], city, status, priority }: (typeof OUTCOMES)[Which]) => ({
    [`${prefix}case-labels`]: label,
    [`${prefix}interaction-city`]: city,
    [`${prefix}case-status`]: status,
    [`${prefix}case-priority`]: String(priority),
  });
  return mail({
    From: 'Shop <orders@shop.example>',
    To: 'joe@mail.example',
    'Message-ID': `<${number}@shop.example>`,
    Subject: `Mail ${number}`,
    ...fields('x-a-', OUTCOMES.a),
    ...fields('x-b-', OUTCOMES.b),
  });
}

function configOf(url: string, which: Which): Record<string, unknown> {
  const own = which === 'a' ? ['example.com'] : ['example.com', 'shop.example'];
  return {
    database: { url },
    ...{ schedule: '* * * * * *', lease: '1s', stop_timeout: '60s', log: { level: 'debug' } },
    flood: { messages: NO_FLOOD.messages },
    headers: { prefix: `x-${which}-` },
    mailboxes: [mailboxSection(USER, { trust: 'all', own, batch: { messages: 3 } })],
  };
}

/** Each is refused for another reason: it is no YAML, it has a wrong option, its database is not there. */
function wrongConfigs(url: string): (string | Record<string, unknown>)[] {
  const right = configOf(url, 'b');
  const away = { url: 'postgres://mailcase:canary@127.0.0.1:1/mailcase' };
  return ['mailboxes: [', { ...right, schedule: 'now and then' }, { ...right, database: away }];
}

const OUTCOME = `
  select i.subject, s.labels, i.city, s.status, i.direction, s.priority
  from interactions i join cases s on s.id = i.case_id order by i.id`;

it(
  `reloaded ${RELOADS} times, no mail is handled by half of each configuration (FUZZ_SEED=${SEED})`,
  { timeout },
  () =>
    withEvidence('reloading', async ({ note }) => {
      const luck = chance(SEED);
      const database = await createDatabase('reloading');
      const config = await writeConfig(configOf(database.url, 'a'));
      const running = startMailcase(['run', '--config', config.file]);
      const log = new LogWatch(running);
      const rewrite = async (content: string | Record<string, unknown>) => {
        await writeFile(
          `${config.file}.new`,
          typeof content === 'string' ? content : JSON.stringify(content),
        );
        await rename(`${config.file}.new`, config.file);
      };
      const mails: string[] = [];
      let isComing = true;
      const bring = async () => {
        while (isComing) {
          const some = Array.from({ length: luck.between(1, 6) }, (_, index) =>
            mailWith(mails.length + index),
          );
          mails.push(...some);
          await deliver(inject('dovecot'), USER, some);
          await sleep(luck.between(0, 200));
        }
      };
      const saidTimes = (what: string) => log.lines.filter(({ msg }) => msg === what).length;
      const wrong = wrongConfigs(database.url);
      let which: Which = 'a';
      let longestMs = 0;
      let refused = 0;
      const reload = async () => {
        const isWrong = luck.happens(0.3);
        if (!isWrong) which = which === 'a' ? 'b' : 'a';
        await rewrite(isWrong ? luck.pick(wrong) : configOf(database.url, which));
        const askedAt = performance.now();
        running.child.kill('SIGHUP');
        const said = await log.until(
          ({ msg }) => msg === TAKEN || msg === REFUSED,
          'the reload is done',
          askedAt,
        );
        expect(said.msg).toBe(isWrong ? REFUSED : TAKEN);
        if (isWrong) refused += 1;
        else longestMs = Math.max(longestMs, said.at - askedAt);
        await sleep(luck.between(0, 400));
      };
      try {
        await log.until(({ msg }) => msg === 'poll done', 'it polls');
        const coming = bring();
        for (let i = 0; i < RELOADS; i += 1) await reload();
        isComing = false;
        await coming;
        await goOnWhileChecking(database, log, running, rewrite, mails);
        const { code, stdout, stderr } = await running.finished;
        note(stdout);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).not.toMatch(/cut off|canary/);
        expect(saidTimes(TAKEN)).toBe(RELOADS - refused);
        const lost = await assertWhole(database, mails.length);
        await noteFault({
          ...{ fault: 'reloaded', tried: RELOADS, messages: mails.length, lost, doubled: 0 },
          longestUntilPollingMs: Math.round(longestMs),
        });
      } finally {
        isComing = false;
        running.child.kill('SIGKILL');
        await running.finished;
        await config.remove();
        await database.db.destroy();
      }
      await dropDatabase(database.url);
    }),
);

/** A configuration whose database never answers is checked for long: meanwhile the one in force goes on. Then stops it. */
async function goOnWhileChecking(
  { db, url }: TestDatabase,
  log: LogWatch,
  { child, finished }: Running,
  rewrite: (content: Record<string, unknown>) => Promise<void>,
  mails: string[],
): Promise<void> {
  const { hostname, port } = new URL(url);
  const silent = await startTapProxy({ host: hostname, port: Number(port) }, () => new Promise(() => {}));
  try {
    const elsewhere = new URL(url);
    elsewhere.port = String(silent.port);
    await rewrite(configOf(elsewhere.href, 'a'));
    const askedAt = performance.now();
    child.kill('SIGHUP');
    await waitFor(() => (silent.connections() > 0 ? true : undefined), 'the other database is asked');
    const last = mailWith(mails.length);
    mails.push(last);
    await deliver(inject('dovecot'), USER, [last]);
    await waitFor(async () => {
      const receipts = await rows(db, 'select uid from receipts where processed_at is not null');
      return receipts.length === mails.length ? true : undefined;
    }, 'all is recorded');
    expect(log.find(({ msg }) => msg === TAKEN, askedAt)).toBeUndefined();
    const stoppedAt = performance.now();
    child.kill('SIGTERM');
    await finished;
    expect(performance.now() - stoppedAt).toBeLessThan(STOP_MS);
  } finally {
    await silent.close();
  }
}

/** Each mail has one interaction, which is all of the one configuration's or all of the other's. @returns how many have none */
async function assertWhole({ db }: TestDatabase, count: number): Promise<number> {
  const found = await rows<{ subject: string }>(db, OUTCOME);
  const subjects = found.map(({ subject }) => subject).sort();
  const wanted = Array.from({ length: count }, (_, number) => `Mail ${number}`).sort();
  expect(subjects).toEqual(wanted);
  const whole = Object.values(OUTCOMES).map((outcome) => JSON.stringify(outcome));
  const outcomes = found.map(({ subject: _, ...outcome }) => outcome);
  const by = whole.map((one) => outcomes.filter((outcome) => JSON.stringify(outcome) === one).length);
  expect(outcomes.filter((outcome) => !whole.includes(JSON.stringify(outcome)))).toEqual([]);
  // Both were at work.
  expect(Math.min(...by)).toBeGreaterThan(0);
  const unmarked = (await contentOf(USER)).filter(({ flags }) => !flags.includes('\\Seen'));
  expect(unmarked).toEqual([]);
  return wanted.filter((subject) => !subjects.includes(subject)).length;
}
