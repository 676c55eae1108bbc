import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it } from 'vitest';
import { perform } from '../../src/desk/act.ts';
import { mergeCases } from '../../src/desk/merge-cases.ts';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import { explainInMailbox } from '../../src/explain/in-mailbox.ts';
import { highestIds, sayable, whatHappened } from '../explain/tables.ts';
import { createDatabase, dropDatabase, useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf, withClient } from '../support/imap-client.ts';
import { startImapProxy } from '../support/imap-proxy.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox, mailboxSection, runMailcase, writeConfig } from '../support/mailcase.ts';
import { judges, poll, RECORDING, rows } from '../support/poll.ts';

const database = useDatabase();

const DEMO = fileURLToPath(new URL('../../config/demo/', import.meta.url));
const LAMPS = {
  own: ['lindgren-lamps.example'],
  trust: { secret: { header: 'x-lindgren-secret', value: 'demo-only-not-a-real-secret' } },
};

async function mailboxOf(user: string, more: Record<string, unknown> = {}) {
  const mailbox = await loadMailbox(user, more);
  const [folder] = mailbox.folders;
  if (folder === undefined) throw new Error('a mailbox without folders');
  return { mailbox, folder };
}

it('says of each mail of the demo what the daemon then makes of it, and leaves the mailbox as it is', async () => {
  const { db, url } = await createDatabase('explain_demo');
  const user = 'explain-demo@example.com';
  const { mailbox, folder } = await mailboxOf(user, LAMPS);
  const names = readdirSync(DEMO).filter((name) => name.endsWith('.eml'));
  for (const [index, name] of names.sort().entries()) {
    const uid = index + 1;
    await deliver(inject('dovecot'), user, [readFileSync(`${DEMO}${name}`)]);
    const flags = await contentOf(user);
    const said = await explainInMailbox(db, { mailbox, folder, recording: RECORDING, judges }, uid);
    expect(await contentOf(user)).toEqual(flags);
    expect(said.selection).toEqual({
      taken: true,
      why: 'the next poll takes it (select: unseen)',
      waiting_before: 0,
    });
    const before = await highestIds(db);
    await poll(db, mailbox);
    expect(await whatHappened(db, said, uid, before), name).toEqual(sayable(said));

    const again = await explainInMailbox(db, { mailbox, folder, recording: RECORDING, judges }, uid);
    expect(again).toMatchObject({
      outcome: 'duplicate',
      selection: {
        taken: false,
        why: expect.stringMatching(/^it was read and recorded on .*never read again$/),
      },
      headers: said.headers,
      duplicate_of: { interaction_id: uid },
    });
  }
  await db.destroy();
  await dropDatabase(url);
}, 120_000);

it('says of a mail that people brought elsewhere that it was', async () => {
  const { db, url } = await createDatabase('explain_moved');
  const user = 'explain-moved@example.com';
  const { mailbox, folder } = await mailboxOf(user);
  const subjects = ['Stays', 'Is moved', 'Its case is merged', 'Joins'];
  await deliver(
    inject('dovecot'),
    user,
    subjects.map((Subject) =>
      mail({ From: 'joe@example.net', To: user, Subject, 'Message-ID': `<${Subject}@x>` }),
    ),
  );
  await poll(db, mailbox);
  const acting = { actor: 'Ann', dryRun: false };
  const said = async () => {
    const moved: (boolean | undefined)[] = [];
    for (const uid of [1, 2, 3, 4]) {
      const { duplicate_of } = await explainInMailbox(
        db,
        { mailbox, folder, recording: RECORDING, judges },
        uid,
      );
      moved.push(duplicate_of?.moved);
    }
    return moved;
  };
  expect(await said()).toEqual([false, false, false, false]);
  await perform(db, acting, (act) => moveInteraction(act, 2, 1, () => false));
  await perform(db, acting, (act) => mergeCases(act, 1, 3));
  expect(await said()).toEqual([false, true, true, false]);
  await db.destroy();
  await dropDatabase(url);
});

describe('whether a poll takes it', () => {
  it.each<[name: string, more: Record<string, unknown>, work: string, why: RegExp]>([
    ['seen', {}, '\\Seen', /somebody has read it, .*select: unseen/],
    ['with the keyword', { select: 'keyword', start: 'all' }, 'mailcase', /has the keyword mailcase/],
    [
      'older than the first contact',
      { select: 'new' },
      '',
      /mail counts from UID 2 on, by `start`.*mailcase import/,
    ],
    [
      'before a date',
      { select: 'new', start: '2026-11-20T00:00:00Z' },
      '',
      /mail counts since 2026-11-20.*`start`/,
    ],
  ])('not %s', async (name, more, flag, why) => {
    const user = `explain-${name.replace(/\W/g, '-')}@example.com`;
    const { mailbox, folder } = await mailboxOf(user, more);
    await withClient(user, async (client) => {
      const source = mail({ From: 'ann@asker.example', To: user });
      await client.append('INBOX', source, flag === '' ? [] : [flag], new Date('2026-11-09T08:00:00Z'));
    });
    const said = await explainInMailbox(database.db, { mailbox, folder, recording: RECORDING, judges }, 1);
    expect(said.selection).toEqual({ taken: false, why: expect.stringMatching(why), waiting_before: 0 });
    expect(said.outcome).toBe('recorded');
    expect(await rows(database.db, 'select name from mailboxes')).toEqual([]);
  });

  it('behind others that wait, it says so: what they begin is not known yet', async () => {
    const user = 'explain-behind@example.com';
    const { mailbox, folder } = await mailboxOf(user, { name: 'behind' });
    const question = mail({ From: 'ann@asker.example', To: user, 'Message-ID': '<behind@x>' });
    await deliver(inject('dovecot'), user, [question]);
    await poll(database.db, mailbox);
    await deliver(inject('dovecot'), user, [
      mail({ From: 'bob@b.example', To: user, 'Message-ID': '<bob@x>' }),
      mail({ From: 'bob@b.example', To: user, 'In-Reply-To': '<bob@x>' }),
    ]);
    const said = await explainInMailbox(database.db, { mailbox, folder, recording: RECORDING, judges }, 3);
    expect(said.selection).toMatchObject({ taken: true, waiting_before: 1 });
    expect(said.case).toMatchObject({ id: null });
  });

  it('what is in quarantine is told with its error', async () => {
    const user = 'explain-quarantine@example.com';
    const { mailbox, folder } = await mailboxOf(user, { name: 'quarantine' });
    await deliver(inject('dovecot'), user, [mail({ From: 'ann@asker.example', To: user, Subject: 'Trap' })]);
    // A constraint of the operator's own stands in for a defect of ours.
    await database.db.raw("alter table interactions add constraint no_trap check (subject <> 'Trap')");
    await poll(database.db, mailbox);
    await database.db.raw('alter table interactions drop constraint no_trap');
    const after = await explainInMailbox(database.db, { mailbox, folder, recording: RECORDING, judges }, 1);
    expect(after).toMatchObject({ outcome: 'quarantined', error: expect.stringContaining('no_trap') });
    expect(after.selection?.why).toMatch(/put into quarantine/);
  });
});

describe('mailcase explain --uid', () => {
  it('answers on the command line, and says what UIDs there are', async () => {
    const user = 'explain-cli@example.com';
    await deliver(inject('dovecot'), user, [mail({ From: 'ann@asker.example', To: user, Subject: 'Lamp' })]);
    const config = await writeConfig({
      database: { url: database.url },
      mailboxes: [
        mailboxSection(user, { name: 'cli' }),
        mailboxSection('other@example.com', { name: 'other' }),
      ],
    });
    const explain = (...args: string[]) =>
      runMailcase(['explain', '--mailbox', 'cli', ...args, '--config', config.file]);
    const { code, stdout, stderr } = await explain('--uid', '1');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Now: the next poll takes it (select: unseen).');
    const json = await explain('--uid', '1', '--json', '--no-database');
    expect(JSON.parse(json.stdout)).toMatchObject({ outcome: 'recorded', selection: { taken: true } });
    expect(await contentOf(user)).toEqual([{ uid: 1, flags: [] }]);
    expect(await explain('--uid', '7')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no message with UID 7 in INBOX (its UIDs are 1 to 1)'),
    });
    await config.remove();
  });

  it.each([
    ['explain', ['explain', '--uid', '1']],
    ['import', ['import']],
  ])(
    '%s ends with 1 where the mailbox cannot be read; what the server says is harmless, without secrets',
    async (_, args) => {
      const proxy = await startImapProxy(inject('dovecot'), (text) =>
        text.replace(/^(\S+) NO .*/m, '$1 NO \u001b[2J\u009b2J refused canary-wrong'),
      );
      const config = await writeConfig({
        database: { url: database.url },
        mailboxes: [
          mailboxSection('explain-cli@example.com', { imap: { port: proxy.port, password: 'canary-wrong' } }),
        ],
      });
      const { code, stdout, stderr } = await runMailcase([...args, '--config', config.file]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/refused the login of explain-cli@example\.com: .*\[secret\]/);
      expect(stderr).not.toContain('canary');
      expect(stderr.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      await config.remove();
      await proxy.close();
    },
  );
});
