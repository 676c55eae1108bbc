import { afterAll, describe, expect, inject, test } from 'vitest';
import { explainInMailbox } from '../../src/explain/in-mailbox.ts';
import { file, LARGE_MAILS, multipart } from '../imap/large-mails.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { contentOf, seenUids, withClient } from '../support/imap-client.ts';
import { startImapProxy } from '../support/imap-proxy.ts';
import { mail } from '../support/mail.ts';
import {
  type ConfigFile,
  loadMailbox,
  mailboxSection,
  runMailcase,
  writeConfig,
} from '../support/mailcase.ts';
import { judges, poll, RECORDING, rows } from '../support/poll.ts';

const database = useDatabase();
const server = inject('dovecot');
const SMALL = { message_bytes: '20KB' };
const NO_FLOOD = { recording: { flood: { messages: 1_000, window: 1_000 } } };
const written: ConfigFile[] = [];
afterAll(() => Promise.all(written.map((each) => each.remove())));

/** A mail with a large file, from a customer of its own. */
function large(user: string, fields: Record<string, string | readonly string[]> = {}): string {
  const { header, body } = multipart('mixed', '=_x', [
    'Content-Type: text/plain\r\n\r\nThe plan is attached.',
    file('filename="plan.pdf"', 30_000),
  ]);
  return mail(
    {
      From: `Ann <ann@${user.split('@')[0]}.example>`,
      To: user,
      Subject: 'The plan',
      'Content-Type': header,
      ...fields,
    },
    body,
  );
}

const recorded = (user: string) =>
  rows<{ id: number; subject: string; is_whole: boolean; cut: string[]; left: number }>(
    database.db,
    `select i.id, i.subject, m.is_whole, i.cut,
       (select count(*) from attachments a where a.interaction_id = i.id and a.left_in_mailbox) as left
     from interactions i join raw_messages m on m.interaction_id = i.id join folders f on f.id = i.folder_id
     where f.account = ? order by i.id`,
    [`${user}@127.0.0.1`],
  );

describe('mail above message_bytes', () => {
  test('is recorded, marked, and never moved or deleted; nor is a copy of it', async () => {
    const user = 'oversize-shapes@example.com';
    const sources = LARGE_MAILS.map(({ source }) => source);
    const moving = await loadMailbox(user, { ...SMALL, processed: { flag: '\\Seen', move: 'Done' } });
    await withClient(user, (client) => client.mailboxCreate('Done'));
    await deliver(server, user, [mail({ From: 'a@b.example', Subject: 'small' }), ...sources]);
    expect(await poll(database.db, moving, NO_FLOOD)).toMatchObject({
      recorded: sources.length + 1,
      quarantined: 0,
      notReady: 0,
    });
    expect(await contentOf(user, { path: 'Done' })).toHaveLength(1);
    const staying = sources.map((_, index) => ({ uid: index + 2, flags: ['\\Seen'] }));
    expect(await contentOf(user)).toEqual(staying);
    const [small, ...others] = await recorded(user);
    expect(small).toMatchObject({ is_whole: true, cut: [], left: 0 });
    expect(others).toHaveLength(sources.length);
    for (const each of others) {
      expect(each).toMatchObject({ is_whole: false });
      expect(each.cut.length, each.subject).toBeGreaterThan(0);
    }
    expect(await poll(database.db, moving, NO_FLOOD)).toMatchObject({ found: 0 });

    // The same mail, which another mailbox reads whole.
    const other = 'oversize-copies@example.com';
    const deleting = await loadMailbox(other, {
      name: 'copies',
      processed: { flag: '\\Seen', delete: true },
    });
    await deliver(server, other, [mail({ From: 'a@b.example', Subject: 'another' }), ...sources]);
    expect(await poll(database.db, deleting, NO_FLOOD)).toMatchObject({
      recorded: 1,
      duplicates: sources.length,
    });
    expect(await contentOf(other)).toEqual(staying);
    expect((await recorded(other)).map(({ subject }) => subject)).toEqual(['another']);
  });

  test('that has no Message-ID is told from another one by what is known of its attachments', async () => {
    const user = 'oversize-scanner@example.com';
    const scan = (bytes: number) => {
      const { header, body } = multipart('mixed', 's', [file('filename=scan.pdf', bytes)]);
      const [, source = ''] = mail({ From: 'scanner@b.example', 'Content-Type': header }, body).split(
        /^Message-ID:.*\r\n/,
      );
      return source;
    };
    const mailbox = await loadMailbox(user, { ...SMALL, name: 'scanner' });
    await deliver(server, user, [scan(30_000), scan(40_000), scan(30_000)]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 2, duplicates: 1 });
  });

  test('counts like any mail: trusted headers, the secret overwritten, the thread', async () => {
    const user = 'oversize-trust@example.com';
    const secret = 'canary-secret-value';
    const mailbox = await loadMailbox(user, {
      ...{ ...SMALL, name: 'trust', own: ['example.com'] },
      trust: { secret: { header: 'x-our-secret', value: secret } },
    });
    const headers = {
      From: 'Shop <shop@example.com>',
      To: 'joe@oversize.example',
      'Message-ID': '<order@oversize.example>',
      'x-our-secret': secret,
      'x-desk-case-external-id': 'OVERSIZE-1',
      'x-desk-case-status': 'resolved',
      'x-desk-customer-email': 'Joe <joe@oversize.example>',
    };
    await deliver(server, user, [
      large(user, headers),
      large(user, {
        From: 'joe@oversize.example',
        'In-Reply-To': '<order@oversize.example>',
        Subject: 'Thanks',
      }),
      large(user, { ...headers, 'Message-ID': '<guess@oversize.example>', 'x-our-secret': 'wrong' }),
    ]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 3 });
    expect(
      await rows(
        database.db,
        `select i.subject, i.trusted, i.direction, c.external_id, c.status, e.address, t.body_text
         from interactions i join cases c on c.id = i.case_id join customer_emails e on e.customer_id = i.customer_id
           join interaction_contents t on t.interaction_id = i.id
         where e.address = 'joe@oversize.example' order by i.id`,
      ),
    ).toEqual([
      ...[
        { subject: 'The plan', trusted: true, direction: 'out', external_id: 'OVERSIZE-1' },
        { subject: 'Thanks', trusted: false, direction: 'in', external_id: 'OVERSIZE-1' },
        { subject: 'The plan', trusted: false, direction: 'out', external_id: null },
      ].map((each) => ({
        ...each,
        status: each.external_id === null ? 'pending' : 'open',
        address: 'joe@oversize.example',
        body_text: 'The plan is attached.',
      })),
    ]);
    const [found] = await rows<{ n: number }>(
      database.db,
      'select count(*) as n from raw_messages where position(?::bytea in content) > 0',
      [secret],
    );
    expect(found?.n).toBe(0);
  });

  test('is explained as it is then recorded, shown with what was left, and its attachment is told to be in the mailbox', async () => {
    const user = 'oversize-shown@example.com';
    const section = { ...SMALL, name: 'shown' };
    const mailbox = await loadMailbox(user, section);
    const [folder] = mailbox.folders;
    if (folder === undefined) throw new TypeError('a mailbox without folders');
    await deliver(server, user, [
      large(user, { Subject: 'A plan \x1b[31mof \u202enothing', 'Message-ID': '<plan@shown.example>' }),
    ]);
    const said = await explainInMailbox(database.db, { mailbox, folder, recording: RECORDING, judges }, 1);
    expect(said).toMatchObject({
      outcome: 'recorded',
      message: {
        attachments: 1,
        cut: [
          expect.stringMatching(
            /^attachments: 1 left in the mailbox, since the mail has 4\d\.\d KB and message_bytes is 20 KB$/,
          ),
        ],
      },
    });
    expect(said.message.size_bytes).toBeGreaterThan(40_000);
    await poll(database.db, mailbox);
    const [row] = await recorded(user);
    expect(row?.cut).toEqual(said.message.cut);
    const [attachment] = await rows<{ id: number; case_id: number }>(
      database.db,
      'select a.id, i.case_id from attachments a join interactions i on i.id = a.interaction_id where i.id = ?',
      [String(row?.id)],
    );

    const config = await writeConfig({
      database: { url: database.url },
      mailboxes: [mailboxSection(user, section)],
    });
    written.push(config);
    const run = (...args: string[]) => runMailcase([...args, '--config', config.file]);
    const id = String(attachment?.id);
    const left = await run('attachment', id, '--output', '/tmp/never-written.pdf');
    expect(left).toMatchObject({ code: 1, stdout: '' });
    expect(left.stderr).toBe(
      `mailcase: attachment ${id} was left in the mailbox: its mail is larger than message_bytes; ` +
        'it was read in mailbox shown, folder INBOX, UID 1, Message-ID <plan@shown.example>, ' +
        'subject "A plan \\u001b[31mof \uFFFDnothing"\n',
    );
    const line = `attachment ${id}, left in the mailbox: plan.pdf (application/pdf, 40.1 KB)`;
    const caseId = String(attachment?.case_id);
    for (const args of [
      ['history', `ann@${user.split('@')[0]}.example`],
      ['case', caseId],
    ]) {
      const { stdout } = await run(...args);
      expect(stdout, args[0]).toContain(line.slice(0, 45));
      expect(stdout, args[0]).toContain('cut: attachments: 1 left in the mailbox');
      const { interactions } = JSON.parse((await run(...args, '--json')).stdout) as {
        interactions: { cut: string[]; attachments: { left_in_mailbox: boolean }[] }[];
      };
      expect(interactions).toMatchObject([{ cut: row?.cut, attachments: [{ left_in_mailbox: true }] }]);
    }
    const explained = await run('explain', '--uid', '1');
    expect(explained.stdout).toContain('cut: attachments: 1 left in the mailbox');
  });

  test('comes in by an import too', async () => {
    const user = 'oversize-import@example.com';
    const config = await writeConfig({
      database: { url: database.url },
      mailboxes: [mailboxSection(user, { ...SMALL, name: 'import', start: 'now' })],
    });
    written.push(config);
    await withClient(user, (client) =>
      client.append('INBOX', large(user), ['\\Seen'], new Date('2024-01-01')),
    );
    const { code, stdout, stderr } = await runMailcase(['import', '--config', config.file]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout + stderr).toMatch(/\b1 recorded/);
    expect(await recorded(user)).toMatchObject([{ is_whole: false, left: 1 }]);
  });

  test.each([
    ['the header', /BODY\[HEADER\]<0> \{\d+\}\r\n[\s\S]*?\r\n\r\n/, 'BODY[HEADER] NIL'],
    ['the header of a part', /BODY\[2\.MIME\]<0> \{\d+\}\r\n[\s\S]*?\r\n\r\n/, 'BODY[2.MIME]<0> NIL'],
    ['a text', /BODY\[1\]<0> \{21\}\r\nThe plan is attached\./, 'BODY[1]<0> NIL'],
  ])('of which the server does not hand out %s is asked for again', async (what, given, instead) => {
    const user = `oversize-${what.replaceAll(' ', '-')}@example.com`;
    await deliver(server, user, [large(user)]);
    let isReady = false;
    let replaced = 0;
    const proxy = await startImapProxy(server, (text) =>
      isReady
        ? text
        : text.replace(given, () => {
            replaced += 1;
            return instead;
          }),
    );
    try {
      const mailbox = await loadMailbox(user, {
        ...SMALL,
        name: what.replaceAll(' ', '-'),
        imap: { port: proxy.port },
      });
      expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 0, notReady: 1, quarantined: 0 });
      expect(replaced).toBe(1);
      expect(await seenUids(user)).toEqual([]);
      isReady = true;
      expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, notReady: 0 });
    } finally {
      await proxy.close();
    }
  });
});

test('a copy that is cut stays, whatever it is a copy of; two mails without a Message-ID are no copies', async () => {
  const user = 'oversize-scans@example.com';
  const head = ['From: Scanner <scanner@asker.example>', `To: ${user}`, 'Subject: Scan', 'MIME-Version: 1.0'];
  const scan = (id: string, file: string | undefined) =>
    [
      ...head,
      ...(id === '' ? [] : [`Message-ID: <${id}@asker.example>`]),
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      '',
      'See the scan.',
      ...(file === undefined
        ? []
        : ['--b', 'Content-Type: image/bmp; name=scan.bmp', '', file.repeat(30_000)]),
      '--b--',
      '',
    ].join('\r\n');
  const mails = [scan('one', undefined), scan('one', 'A'), scan('', 'A'), scan('', 'B')];
  await withClient(user, async (client) => {
    for (const [i, each] of mails.entries())
      await client.append('INBOX', each, [], new Date(Date.UTC(2026, 10, 9, 8, i)));
  });
  const mailbox = await loadMailbox(user, { ...SMALL, name: 'copies', processed: { delete: true } });
  expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 3, duplicates: 1 });
  // The one that was whole is gone; of the others, nobody has the scans but the mailbox.
  expect((await contentOf(user)).map(({ uid }) => uid)).toEqual([2, 3, 4]);
});
