import { afterEach, describe, expect, inject, it } from 'vitest';
import { type ErrorCode, kindOf, MailcaseError, retryAfterMs } from '../../src/errors.ts';
import { Suspects } from '../../src/poll-context.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf } from '../support/imap-client.ts';
import type { ImapScript, Rule } from '../support/imap-script.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';
import { type ScriptedImap, startScriptedImap } from '../support/scripted-imap.ts';

/*
 * What servers refuse, on the wire: at the greeting, at the login, in a command, in BYE. Never is one kind taken for
 * another, and nothing is lost by any of them.
 */

const database = useDatabase();
const server = inject('dovecot');

const proxies: ScriptedImap[] = [];
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close();
});

let users = 0;

/** A mailbox with mail behind a server that does as it is told. */
async function behind(
  script: ImapScript,
  { provider = 'imap', mails = 3, ...more }: Record<string, unknown> = {},
) {
  users += 1;
  const user = `refusals-${users}@example.com`;
  const subjects = Array.from({ length: mails as number }, (_, index) => `${user} ${index}`);
  await deliver(
    server,
    user,
    subjects.map((subject) => mail({ From: 'joe@customer.example', To: user, Subject: subject })),
  );
  const proxy = await startScriptedImap(server, script);
  proxies.push(proxy);
  const imap = { host: proxy.host, port: proxy.imapPort, provider };
  const mailbox = await loadMailbox(user, { name: `refusals-${users}`, imap, ...more });
  const suspects = new Suspects();
  const tryPoll = () => poll(database.db, mailbox, { suspects });
  const failure = async (): Promise<MailcaseError> => {
    try {
      await tryPoll();
    } catch (error) {
      if (error instanceof MailcaseError) return error;
      throw error;
    }
    throw new Error('the poll went well');
  };
  const recorded = async () =>
    (
      await rows<{ subject: string }>(
        database.db,
        `select i.subject from interactions i join folders f on f.id = i.folder_id
         join mailboxes m on m.id = f.mailbox_id where m.name = ? order by i.id`,
        [mailbox.name],
      )
    ).map(({ subject }) => subject);
  return { user, subjects, proxy, mailbox, suspects, tryPoll, failure, recorded };
}

const LOGIN = /^(LOGIN|AUTHENTICATE)/;
const answering = (command: RegExp, reply: string, more: Partial<Rule> = {}): ImapScript => ({
  on: [{ command, act: { reply }, ...more }],
});

const THROTTLED = 'BAD Request is throttled. Suggested Backoff Time: 300000 milliseconds';

describe('at the login', () => {
  it.each<
    [answer: string, provider: string, code: ErrorCode, message: RegExp, cure: RegExp, waitMs?: number]
  >([
    [
      'NO [ALERT] Invalid credentials (Failure)',
      'gmail',
      'imap_credentials',
      /refused the login of .*: Invalid credentials \(Failure\)/,
      /app password/,
    ],
    [
      'NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)',
      'gmail',
      'imap_credentials',
      /\[AUTHENTICATIONFAILED\] Invalid/,
      /app password/,
    ],
    [
      'NO [WEBALERT https://accounts.google.com/signin?plt=canary] Web login required.',
      'gmail',
      'imap_credentials',
      /\[WEBALERT\] Web login required/,
      /browser/,
    ],
    [
      'NO [ALERT] Too many simultaneous connections. (Failure)',
      'gmail',
      'imap_throttled',
      /Too many simultaneous connections/,
      /other mail programs/,
    ],
    [
      'NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)',
      'gmail',
      'imap_throttled',
      /2500 MB/,
      /import/,
      3_600_000,
    ],
    [
      'NO [UNAVAILABLE] Temporary System Error',
      'gmail',
      'imap_connect',
      /does not let .* in now: \[UNAVAILABLE\] Temporary/,
      /tried again/,
    ],
    ['NO LOGIN failed.', 'exchange', 'imap_credentials', /refused the login/, /OAuth2/],
    [THROTTLED, 'exchange', 'imap_throttled', /Suggested Backoff Time: 300000/, /poll less often/, 300_000],
    ['NO Server Busy', 'exchange', 'imap_connect', /Server Busy/, /tried again/],
    ['BAD Command Error. 12', 'exchange', 'imap_command', /Command Error\. 12/, /Get-CASMailbox/],
    [
      'NO [UNAVAILABLE] Temporary authentication failure.',
      'imap',
      'imap_connect',
      /Temporary authentication failure/,
      /tried again/,
    ],
    [
      'NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)',
      'imap',
      'imap_throttled',
      /Maximum number/,
      /mail_max_userip_connections/,
    ],
  ])('%s of %s is %s', async (answer, provider, code, message, cure, waitMs) => {
    const { failure, proxy, recorded } = await behind(answering(LOGIN, answer), { provider });
    const began = performance.now();
    const error = await failure();
    expect({ code: error.code, retryAfterMs: retryAfterMs(error) }).toEqual({ code, retryAfterMs: waitMs });
    expect(error.message).toMatch(message);
    expect(error.fields.cure).toMatch(cure);
    expect(error.message).not.toContain('canary');
    // The library would wait by itself, and try again.
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(proxy.said(LOGIN)).toHaveLength(1);
    expect(await recorded()).toEqual([]);
  });

  it.each<[bye: string, code: ErrorCode]>([
    ['BYE [ALERT] Account exceeded command or bandwidth limits.', 'imap_throttled'],
    ['BYE Too many connections from your address', 'imap_throttled'],
    ['BYE Connection closed. 14', 'imap_throttled'],
    ['BYE Temporary System Error', 'imap_connect'],
    ['BYE Server shutting down.', 'imap_connect'],
  ])('a greeting that says %s is %s', async (bye, code) => {
    const { failure } = await behind({ greeting: () => ({ cutAfter: `* ${bye}\r\n` }) });
    expect(await failure()).toMatchObject({
      code,
      message: expect.stringContaining(bye.replace(/^BYE (\[ALERT\] )?/, '')),
    });
  });

  it('a connection that breaks there is one that broke, and no rejected login', async () => {
    const { failure } = await behind({ on: [{ command: LOGIN, act: { cut: true } }] });
    expect(await failure()).toMatchObject({ code: 'imap_connect' });
  });

  it('Exchange takes it, and has no way to the mailbox: that is no rejected password, and wants patience', async () => {
    const text = 'BAD User is authenticated but not connected.';
    const { failure } = await behind(answering(/^(NAMESPACE|LIST|SELECT|EXAMINE)/, text), {
      provider: 'exchange',
    });
    expect(await failure()).toMatchObject({
      code: 'imap_throttled',
      message: expect.stringMatching(/authenticated but not connected.*permission or the licence/),
      fields: { cure: expect.stringContaining('Add-MailboxPermission') },
    });
  });
});

describe('in the middle of the work', () => {
  it.each(['SELECT', 'UID SEARCH', 'UID FETCH', 'UID STORE'])(
    'being throttled at %s ends the poll at once, as what it is, and the next one does what is left',
    async (command) => {
      const { tryPoll, failure, proxy, suspects, user, subjects, recorded } = await behind(
        answering(new RegExp(`^${command}`), THROTTLED, { times: 1 }),
        { provider: 'exchange' },
      );
      const began = performance.now();
      const error = await failure();
      expect({ kind: kindOf(error), retryAfterMs: retryAfterMs(error) }).toEqual({
        ...{ kind: 'throttled', retryAfterMs: 300_000 },
      });
      expect(performance.now() - began).toBeLessThan(10_000);
      expect(proxy.said(new RegExp(`^${command}`))).toHaveLength(1);
      // No message is to blame.
      const places = await rows<{ id: number; v: number }>(
        database.db,
        'select id, uid_validity as v from folders',
      );
      for (const { id, v } of places) expect(suspects.count({ folderId: id, uidValidity: v }, 1)).toBe(0);
      await tryPoll();
      expect(await recorded()).toEqual(subjects);
      expect((await contentOf(user)).every(({ flags }) => flags.includes('\\Seen'))).toBe(true);
      expect(await rows(database.db, 'select uid from quarantine')).toEqual([]);
    },
  );

  it.each<[command: string, answer: string, code: ErrorCode]>([
    ['SELECT', 'NO [UNAVAILABLE] Temporary System Error', 'imap_connect'],
    ['SELECT', "NO Mailbox doesn't exist: INBOX", 'imap_folder_missing'],
    ['SELECT', 'NO [NONEXISTENT] Unknown Mailbox: INBOX (Failure)', 'imap_folder_missing'],
    ['UID SEARCH', 'BAD Command Error. 10', 'imap_command'],
    ['UID SEARCH', 'NO [UNAVAILABLE] Server Unavailable. 15', 'imap_connect'],
    ['UID FETCH', 'NO Some reason', 'imap_command'],
    ['UID FETCH', 'NO [OVERQUOTA] Account exceeded command or bandwidth limits (Failure)', 'imap_throttled'],
  ])('%s answered with %s is %s', async (command, answer, code) => {
    const { failure } = await behind(answering(new RegExp(`^${command}`), answer));
    const error = await failure();
    expect(error.code).toBe(code);
    expect(error.message).toContain(answer.replace(/^\w+ (\[\w+\] )?/, ''));
  });

  it('a STORE that the server refuses says its words, and holds up nothing', async () => {
    const { tryPoll, subjects, recorded } = await behind(answering(/^UID STORE/, 'NO [NOPERM] Not yours'));
    expect(await tryPoll()).toMatchObject({
      ...{ recorded: 3 },
      problem: { code: 'imap_command', message: expect.stringContaining('[NOPERM] Not yours') },
    });
    expect(await recorded()).toEqual(subjects);
  });

  it.each<[bye: string, code: ErrorCode]>([
    ['Session expired, please login again.', 'imap_connect'],
    ['Connection closed. 14', 'imap_throttled'],
    ['[ALERT] Account exceeded command or bandwidth limits', 'imap_throttled'],
  ])('BYE %s is %s', async (bye, code) => {
    const { failure } = await behind({ on: [{ command: /^UID SEARCH/, act: { bye } }] });
    expect(await failure()).toMatchObject({
      code,
      message: expect.stringContaining(bye.replace('[ALERT] ', '')),
    });
  });

  it('a success that asks to slow down ends the poll after the batch in hand, in good order', async () => {
    const { tryPoll, user, subjects, recorded } = await behind(
      { on: [{ command: /^UID STORE/, times: 1, act: { tagged: () => 'OK Success [THROTTLED]' } }] },
      { provider: 'gmail', mails: 8, batch: { messages: 2 } },
    );
    const first = await tryPoll();
    expect(first).toMatchObject({ isSlowed: true, problem: undefined });
    expect(first.recorded).toBeGreaterThanOrEqual(2);
    expect(first.left).toBe(8 - first.recorded);
    // What was recorded is marked, too.
    const seen = (await contentOf(user)).filter(({ flags }) => flags.includes('\\Seen'));
    expect(seen).toHaveLength(first.recorded);
    while ((await tryPoll()).left > 0);
    expect(await recorded()).toEqual(subjects);
  });
});
