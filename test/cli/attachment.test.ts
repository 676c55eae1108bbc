import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { attachmentCommand } from '../../src/cli/attachment.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { mail } from '../support/mail.ts';
import {
  type ConfigFile,
  type Finished,
  loadMailbox,
  mailboxSection,
  runMailcase,
  startMailcase,
  writeConfig,
} from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';

const database = useDatabase();

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const INNER = 'From: ann@asker.example\r\nSubject: Inside\r\n\r\nA message in a message.\r\n';
const LARGE = randomBytes(6 * 1024 * 1024);

interface Part {
  readonly header: readonly string[];
  /** As it stands in the mail. */
  readonly body: string;
  readonly bytes: Buffer;
  /** How the summary tells it. */
  readonly told: string;
}

const attached = (name: string) => `Content-Disposition: attachment; ${name}`;
const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
const coded = (type: string, name: string, bytes: Buffer, told: string): Part => ({
  header: [`Content-Type: ${type}`, attached(name), 'Content-Transfer-Encoding: base64'],
  body: base64(bytes),
  bytes,
  told,
});

/** In the order of the mail; the large one in between, so that those behind it lie in the raw mail's last piece. */
const PARTS: readonly Part[] = [
  coded('image/png', 'filename="photo.png"', PNG, '70 bytes (image/png, "photo.png")'),
  coded('application/zip', 'filename=large.zip', LARGE, '6,291,456 bytes (application/zip, "large.zip")'),
  {
    header: [
      'Content-Type: text/plain; charset=iso-8859-1',
      attached("filename*0*=UTF-8''Gr%C3%BC%C3%9Fe%1B%5B31m; filename*1*=%E2%80%AE.txt"),
      'Content-Transfer-Encoding: quoted-printable',
    ],
    body: 'Gr=FC=DFe, and a line that is =\r\nsoftly broken.\r\n=00=1B=FF',
    bytes: Buffer.from('Gr\xfc\xdfe, and a line that is softly broken.\r\n\0\x1b\xff', 'latin1'),
    // The escape sequence and the sign that turns text around are in the name, and not on the terminal.
    told: '45 bytes (text/plain, "Grüße\uFFFD[31m\uFFFD.txt")',
  },
  {
    header: ['Content-Type: message/rfc822', 'Content-Disposition: attachment'],
    body: INNER,
    bytes: Buffer.from(INNER),
    told: `${INNER.length} bytes (message/rfc822)`,
  },
  coded(
    'application/octet-stream',
    'filename="../../etc/passwd"',
    Buffer.from('root::0'),
    '7 bytes (application/octet-stream, "../../etc/passwd")',
  ),
  coded('text/csv', 'filename="same.csv"', Buffer.from('a;1\n'), '4 bytes (text/csv, "same.csv")'),
  coded('text/csv', 'filename="same.csv"', Buffer.from('b'), '1 byte (text/csv, "same.csv")'),
  coded('application/pdf', 'filename="empty.pdf"', Buffer.alloc(0), '0 bytes (application/pdf, "empty.pdf")'),
];

function mailWith(subject: string, parts: readonly Part[]): string {
  const fields = { From: 'ann@asker.example', To: 'support@example.com', Subject: subject };
  const body = parts.map(({ header, body }) => `--=_X\r\n${header.join('\r\n')}\r\n\r\n${body}\r\n`).join('');
  return mail(
    { ...fields, 'Content-Type': 'multipart/mixed; boundary="=_X"' },
    `--=_X\r\n\r\nSee there.\r\n${body}--=_X--`,
  );
}

let users = 0;
let config: ConfigFile;
let folder: string;

beforeAll(async () => {
  const section = mailboxSection('attachments@example.com');
  config = await writeConfig({ database: { url: database.url }, mailboxes: [section] });
  folder = await mkdtemp(join(tmpdir(), 'mailcase-attachment-'));
});

afterAll(async () => {
  await config.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Delivers a mail, polls it, and finds its attachments, in order. */
async function record(subject: string, message: string): Promise<{ id: number; interaction: number }[]> {
  users += 1;
  const user = `attachments${users}@example.com`;
  await deliver(inject('dovecot'), user, [message]);
  expect(await poll(database.db, await loadMailbox(user))).toMatchObject({ recorded: 1 });
  return rows(
    database.db,
    `select a.id, i.id as interaction from attachments a join interactions i on i.id = a.interaction_id
     where i.subject = ? order by a.id`,
    [subject],
  );
}

function attachment(...args: string[]): Promise<Finished> {
  return runMailcase(['attachment', ...args, '--config', config.file]);
}

/** The id of a mail's only attachment, and where the test may have it written. */
async function one(subject: string, part: Part): Promise<{ id: string; interaction: number; file: string }> {
  const [found] = await record(subject, mailWith(subject, [part]));
  if (!found) throw new Error('nothing was listed');
  return { ...found, id: String(found.id), file: join(folder, `${users}.bin`) };
}

const SMALL = coded('image/png', 'filename="photo.png"', PNG, '');

describe('mailcase attachment', () => {
  it('writes each attachment of a mail byte for byte, into the file that it is told', async () => {
    const listed = await record('All kinds', mailWith('All kinds', PARTS));
    expect(listed).toHaveLength(PARTS.length);
    for (const [index, { bytes, told }] of PARTS.entries()) {
      const id = String(listed[index]?.id);
      const file = join(folder, `part-${index}`);
      const { code, stdout, stderr } = await attachment(id, '--output', file);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: `wrote ${told} to ${file}\n` });
      expect(bytes.equals(await readFile(file)), told).toBe(true);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
    const [raw] = await rows<{ size: number }>(
      database.db,
      "select size_bytes as size from raw_messages join interactions i on i.id = interaction_id where subject = 'All kinds'",
    );
    // Three pieces of four megabytes.
    expect(raw?.size).toBeGreaterThan(8 * 1024 * 1024);
  });

  it('writes to standard output where that is a pipe, and nothing but the bytes', async () => {
    const { id } = await one('Piped', SMALL);
    const running = startMailcase(['attachment', id, '--config', config.file]);
    // The bytes are no UTF-8; as latin1, each is a character.
    running.child.stdout?.setEncoding('latin1');
    const { code, stdout, stderr } = await running.finished;
    expect(Buffer.from(stdout, 'latin1').equals(PNG)).toBe(true);
    expect([code, stderr]).toEqual([0, 'wrote 70 bytes (image/png, "photo.png") to standard output\n']);
  });

  it('says so where the pipe is closed before the end', async () => {
    const { id } = await one('Closed', coded('application/zip', 'filename=large.zip', LARGE, ''));
    const running = startMailcase(['attachment', id, '--config', config.file]);
    running.child.stdout?.destroy();
    expect(await running.finished).toMatchObject({
      code: 1,
      stderr: 'mailcase: standard output was closed before the end of the attachment\n',
    });
  });

  it('keeps its bytes from a terminal', async () => {
    const { isTTY } = process.stdout;
    process.stdout.isTTY = true;
    try {
      await expect(attachmentCommand('1', { config: config.file })).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringMatching(/terminal: .*--output FILE.*pipe/),
      });
    } finally {
      process.stdout.isTTY = isTTY;
    }
  });

  it('never writes over a file, or through a link', async () => {
    const { id, file } = await one('Over', SMALL);
    const link = `${file}.link`;
    await writeFile(file, 'mine');
    await symlink(`${file}.nowhere`, link);
    for (const path of [file, link]) {
      const { code, stdout, stderr } = await attachment(id, '--output', path);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toBe(
        `mailcase: ${path} is there already and is not written over: give another --output, or remove it first\n`,
      );
    }
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(existsSync(`${file}.nowhere`)).toBe(false);
  });

  it('says what is wrong with a place where no file can be made', async () => {
    const { id } = await one('Nowhere', SMALL);
    const { code, stderr } = await attachment(id, '--output', join(folder, 'no/such/folder/x'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^mailcase: cannot make the file of --output: ENOENT.*no\/such\/folder\/x'\n$/);
  });

  it('tells attachments that share a part number by their hash', async () => {
    const source = mail(
      {
        From: 'ann@asker.example',
        To: 'support@example.com',
        Subject: 'Shared',
        'Content-Type': 'message/rfc822; boundary=Y',
        'Content-Disposition': 'inline',
      },
      'Content-Type: application/x-a\r\n\r\none\r\n--Y\r\nContent-Type: application/x-b\r\n\r\ntwo\r\n--Y--',
    );
    const listed = await record('Shared', source);
    const found = await Promise.all(listed.map(({ id }) => attachment(String(id))));
    expect(found.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, 'one'],
      [0, 'two'],
    ]);
  });

  it('an id that is not there ends with 1 and says what to look at', async () => {
    const file = join(folder, 'unknown');
    const { code, stdout, stderr } = await attachment('987654321', '--output', file);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^mailcase: there is no attachment 987654321: `select id, file_name from attachments .*`.*\n$/,
    );
    expect(existsSync(file)).toBe(false);
  });

  it.each(['seven', '0', '1.5', '1e3', ' ', '99999999999999999999', '1; drop table attachments'])(
    'an id like %j ends with 2',
    async (id) => {
      const { code, stdout, stderr } = await attachment(id);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(`mailcase: ${JSON.stringify(id)} is no attachment's id`);
      expect(stderr).toContain('select id, file_name from attachments');
    },
  );

  it('without an id ends with 2; its help has an example', async () => {
    const { code, stderr } = await attachment();
    expect(code).toBe(2);
    expect(stderr).toMatch(/missing required argument 'id'/);
    const help = await attachment('--help');
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/--output[\s\S]*Example:\n\s+mailcase attachment 17 --output /);
  });
});

describe('where mail and listing disagree', () => {
  const bytesOf = (text: string) => `convert_to('${text}', 'UTF8')`;
  const replaced = (from: string, to: string) =>
    `overlay(content placing ${bytesOf(to)} from position(${bytesOf(from)} in content) for ${from.length})`;

  it.each([
    ['another byte', replaced('iVBORw0KGgo', 'iVBORw0KGgp'), /the SHA-256 of the attachment is another one/],
    [
      'bytes that are gone',
      replaced('iVBORw0KGgoAAAAN', 'iVBORw0KGgoA'),
      /67 bytes instead of the 70 listed/,
    ],
    ['bytes more', replaced('iVBORw0KGgo', 'iVBORw0KiVBORw0KGgo'), /more than the 70 bytes listed/],
    ['no part any more', replaced('boundary="=_X"', 'boundary="=_Z"'), /there is no part 2 in the mail/],
    ['nothing left', `''::bytea`, /there is no part 2 in the mail/],
  ])('%s: ends with 1, and no file is left', async (what, content, message) => {
    const { id, interaction, file } = await one(what, SMALL);
    await database.db.raw(
      `update raw_messages set content = ${content} where interaction_id = ${interaction}`,
    );
    const { code, stdout, stderr } = await attachment(id, '--output', file);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(
      new RegExp(`^mailcase: attachment ${id}: the raw mail and the listing disagree: .*${interaction}\`\n$`),
    );
    expect(existsSync(file)).toBe(false);
    const [look = ''] = /select sha256[^`]*/.exec(stderr) ?? [];
    expect(Object.values((await rows(database.db, look))[0] ?? {})).toEqual([false]);
  });

  it('another listing: ends with 1, and no file is left', async () => {
    const { id, file } = await one('Listing', SMALL);
    await database.db.raw('update attachments set sha256 = ? where id = ?', [Buffer.alloc(32), id]);
    const { code, stderr } = await attachment(id, '--output', file);
    expect(code).toBe(1);
    expect(stderr).toMatch(/disagree/);
    expect(existsSync(file)).toBe(false);
  });

  it('no raw mail any more: ends with 1 and says so', async () => {
    const { id, interaction, file } = await one('Gone', SMALL);
    await database.db.raw(`delete from raw_messages where interaction_id = ${interaction}`);
    expect(await attachment(id, '--output', file)).toMatchObject({
      code: 1,
      stderr: `mailcase: attachment ${id} is listed, but its mail is not in raw_messages any more\n`,
    });
    expect(existsSync(file)).toBe(false);
  });
});

it('leaves no half of a file when it is stopped', async () => {
  const { id, file } = await one('Stopped', SMALL);
  // A mail that takes its time, so that the file is there before its bytes are.
  await database.db.raw(`
    create function slowly(content bytea) returns bytea stable language plpgsql as
      'begin perform pg_sleep(3); return content; end';
    alter table raw_messages rename to quick_messages;
    create view raw_messages as select interaction_id, slowly(content) as content from quick_messages;
  `);
  try {
    const running = startMailcase(['attachment', id, '--output', file, '--config', config.file]);
    await expect.poll(() => existsSync(file), { timeout: 20_000 }).toBe(true);
    running.child.kill('SIGTERM');
    expect(await running.finished).toMatchObject({
      code: 1,
      signal: null,
      stderr: 'mailcase: stopped before the end of the attachment\n',
    });
    expect(existsSync(file)).toBe(false);
  } finally {
    await database.db.raw('drop view raw_messages; alter table quick_messages rename to raw_messages');
  }
});
