import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { ConfigProblems } from '../../src/config/problems.ts';
import type { Config } from '../../src/config/schema.ts';

/** A secret that must never be printed, wherever an operator puts it. */
const CANARY = 'canary-5Ecr3t-value';
/** Long enough to sign with, and as secret. */
const KEY = '0123456789-canary-0123456789-abcdef';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A config file in a folder of its own, so that files beside it belong to one test. */
async function write(content: string | Uint8Array): Promise<string> {
  count += 1;
  const file = join(folder, `${count}`, 'mailcase.yaml');
  await mkdir(dirname(file));
  await writeFile(file, content);
  return file;
}

async function load(content: string, env: NodeJS.ProcessEnv = {}): Promise<Config> {
  return (await loadConfig(await write(content), env)).config;
}

async function problemsOf(file: string, env: NodeJS.ProcessEnv = {}): Promise<ConfigProblems> {
  const error = await loadConfig(file, env).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigProblems)) throw new Error('expected problems', { cause: error });
  return error;
}

type Expected = [line: number | undefined, path: string, message: string, cure: string];

/** All problems, no more and no less, in this order; message and cure in part. */
async function expectProblems(
  content: string | Uint8Array,
  expected: Expected[],
  env: NodeJS.ProcessEnv = {},
) {
  const file = await write(content);
  const error = await problemsOf(file, env);
  expect(error.problems.map(({ line, path, message, cure }) => ({ line, path, message, cure }))).toEqual(
    expected.map(([line, path, message, cure]) => ({
      line,
      path,
      message: expect.stringContaining(message),
      cure: expect.stringContaining(cure),
    })),
  );
  expect(error.problems.every((problem) => problem.file === file)).toBe(true);
  expect(error.message).not.toContain(CANARY);
}

const MINIMAL = `database: {url: postgres://mailcase@localhost/mailcase}
mailboxes:
  - name: support
    imap: {host: imap.example.com, user: support@example.com, password: hunter2!}
`;

/** The minimal config, with more options for its mailbox from line 5 on. */
const withMailbox = (...lines: string[]) => `${MINIMAL}${lines.map((line) => `    ${line}\n`).join('')}`;

/** The minimal config with other lines for imap, which begin at line 4. */
const withImap = (...lines: string[]) =>
  `database: {url: postgres://localhost/m}\nmailboxes:\n  - name: support\n    imap:\n${lines
    .map((line) => `      ${line}\n`)
    .join('')}`;

describe('a config that loads', () => {
  it('has all defaults', async () => {
    const file = await write(MINIMAL);
    const expected: Config = {
      database: { url: 'postgres://mailcase@localhost/mailcase', pool: 10 },
      schedule: '*/30 * * * * *',
      stop_timeout: 30_000,
      lease: 30_000,
      log: { level: 'info' },
      backoff: { first: 10_000, longest: 900_000, credentials: 900_000, throttled: 60_000 },
      unhealthy: { polls: 5, after: 900_000 },
      headers: { prefix: 'x-desk-', desk: true, map: [] },
      cases: { subject_number: 'off' },
      flood: { messages: 20, window: 3_600_000 },
      limits: { parse_time: 30_000, parse_memory: 256 * 1024 * 1024, body_characters: 1_000_000 },
      rules: [],
      mailboxes: [
        {
          name: 'support',
          own: ['support@example.com'],
          imap: {
            provider: 'imap',
            host: 'imap.example.com',
            port: 993,
            tls: 'implicit',
            allow_plaintext: false,
            user: 'support@example.com',
            password: 'hunter2!',
            uids_per_command: undefined,
          },
          daily_download: undefined,
          folders: [{ path: 'INBOX', role: 'inbox', select: 'unseen', start: 'all' }],
          processed: { flag: '\\Seen', delete: false },
          trust: 'none',
          authentication: { authserv_id: undefined, verify: false, wait: 3_600_000 },
          schedule: '*/30 * * * * *',
          idle: true,
          poll_timeout: 600_000,
          batch: { messages: 100, bytes: 16 * 1024 * 1024 },
          message_bytes: 50 * 1024 * 1024,
        },
      ],
    };
    expect(await loadConfig(file, {})).toEqual({
      config: expected,
      file,
      secrets: ['postgres://mailcase@localhost/mailcase', 'hunter2!'],
    });
  });

  it("takes Gmail's word for who wrote a mail, where the mailbox is Gmail's", async () => {
    const gmail = MINIMAL.replace('imap.example.com', 'IMAP.gmail.com');
    const { config } = await loadConfig(
      await write(`${gmail}    trust: {dkim: {domains: [example.com]}}\n`),
      {},
    );
    expect(config.mailboxes[0]?.authentication).toEqual({
      ...{ authserv_id: 'mx.google.com', verify: false, wait: 3_600_000 },
    });
  });

  it('takes null sections for absent', async () => {
    expect(
      await load(`${MINIMAL}    trust:\n    batch:\n      # messages: 5\nlog:\nrules: ~\nheaders: null\n`),
    ).toEqual(await load(MINIMAL));
  });

  it('resolves the embedded database beside the file', async () => {
    const file = await write(
      MINIMAL.replace('url: postgres://mailcase@localhost/mailcase', 'embedded: ./data'),
    );
    const { config } = await loadConfig(file, {});
    expect(config.database).toEqual({ embedded: join(dirname(file), 'data'), pool: 10 });
  });

  it.each([
    ['tls: starttls', { tls: 'starttls', port: 143 }],
    ['tls: none, allow_plaintext: true', { tls: 'none', port: 143 }],
    ['tls: implicit, port: 1993', { tls: 'implicit', port: 1993 }],
    ['tls: starttls, port: "587"', { tls: 'starttls', port: 587 }],
  ])('imap %s', async (options, expected) => {
    const config = await load(MINIMAL.replace('password:', `${options}, password:`));
    expect(config.mailboxes[0]?.imap).toMatchObject(expected);
  });

  it.each(['localhost', '127.0.0.1', '127.8.9.1', '"::1"'])('without TLS on %s', async (host) => {
    const config = await load(MINIMAL.replace('imap.example.com', `${host}, tls: none`));
    expect(config.mailboxes[0]?.imap).toMatchObject({ tls: 'none', port: 143 });
  });

  it.each([
    [
      'path: Archive/2024',
      { folders: [{ path: 'Archive/2024', role: 'inbox', select: 'unseen', start: 'all' }] },
    ],
    [
      'folders: [INBOX, {path: Shop, role: inbox}]',
      {
        folders: [
          { path: 'INBOX', role: 'inbox', select: 'unseen', start: 'all' },
          { path: 'Shop', role: 'inbox', select: 'unseen', start: 'all' },
        ],
      },
    ],
    [
      'own: [a@b.example, example.com, .example.org]',
      { own: ['a@b.example', 'example.com', '.example.org'] },
    ],
    ['own: [github.io, .local, .example.co.uk]', { own: ['github.io', '.local', '.example.co.uk'] }],
    ['own: []', { own: [] }],
    ['processed: {flag: \\flagged}', { processed: { flag: '\\Flagged', delete: false } }],
    ['processed: {flag: "\\\\Answered"}', { processed: { flag: '\\Answered', delete: false } }],
    ['path: inbox', { folders: [{ path: 'INBOX', role: 'inbox', select: 'unseen', start: 'all' }] }],
    ['processed: none', { processed: 'none' }],
    ['processed: {keyword: $done}', { processed: { keyword: '$done', delete: false } }],
    ['processed: {move: Done}', { processed: { move: 'Done', delete: false } }],
    ['processed: {delete: true}', { processed: { delete: true } }],
    ['processed: {set_aside: Odd}', { processed: { flag: '\\Seen', set_aside: 'Odd', delete: false } }],
    [
      'select: keyword',
      {
        folders: [{ path: 'INBOX', role: 'inbox', select: 'keyword', start: 'now' }],
        processed: { keyword: 'mailcase', delete: false },
      },
    ],
    ['select: new', { folders: [{ path: 'INBOX', role: 'inbox', select: 'new', start: 'now' }] }],
    [
      'folders: [INBOX, {path: Sent, role: sent}]',
      {
        folders: [
          { path: 'INBOX', role: 'inbox', select: 'unseen', start: 'all' },
          { path: 'Sent', role: 'sent', select: 'new', start: 'now' },
        ],
      },
    ],
    ['start: NOW', { folders: [{ path: 'INBOX', role: 'inbox', select: 'unseen', start: 'now' }] }],
    [
      'start: 2026-01-31',
      {
        folders: [
          { path: 'INBOX', role: 'inbox', select: 'unseen', start: new Date('2026-01-31T00:00:00Z') },
        ],
      },
    ],
    [
      'start: 2026-01-31T08:00+01:00',
      {
        folders: [
          { path: 'INBOX', role: 'inbox', select: 'unseen', start: new Date('2026-01-31T07:00:00Z') },
        ],
      },
    ],
    ['trust: all', { trust: 'all' }],
    [
      'authentication: {authserv_id: mx.example.net, verify: true, wait: 2h, dns: [192.0.2.53, "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"]}',
      {
        authentication: {
          authserv_id: 'mx.example.net',
          verify: true,
          wait: 7_200_000,
          dns: ['192.0.2.53', '192.0.2.53:5353', '2001:db8::53', '[2001:db8::53]:5353'],
        },
      },
    ],
    [
      'trust: {dkim: {domains: [example.com, .shop.example]}}\n    authentication: {verify: true}',
      { trust: { dkim: { domains: ['example.com', '.shop.example'] } } },
    ],
    [
      'trust: {secret: {header: X-Shop-Secret, value: 0123456789abcdef}}',
      { trust: { secret: { header: 'x-shop-secret', value: '0123456789abcdef' } } },
    ],
    ['schedule: "0 * * * *"', { schedule: '0 * * * *' }],
    ['batch: {messages: 1, bytes: 1GB}', { batch: { messages: 1, bytes: 1024 ** 3 } }],
    ['message_bytes: 2048', { message_bytes: 2048 }],
    ['daily_download: 50MB', { daily_download: 50 * 1024 * 1024 }],
  ])('mailbox %s', async (line, expected) => {
    expect((await load(withMailbox(line))).mailboxes[0]).toMatchObject(expected);
  });

  it('gives every mailbox the schedule for all, unless it has its own', async () => {
    const second = `  - {name: b, schedule: "1 * * * *", imap: {host: h.example, user: u, password: p}}\n`;
    const config = await load(`${MINIMAL}${second}schedule: "7 * * * *"\n`);
    expect(config.mailboxes.map(({ schedule }) => schedule)).toEqual(['7 * * * *', '1 * * * *']);
  });

  it('has no own addresses when the user is none', async () => {
    expect(
      (await load(MINIMAL.replace('user: support@example.com', 'user: support'))).mailboxes[0]?.own,
    ).toEqual([]);
  });

  it('stores the header prefix in lower case', async () => {
    expect((await load(`${MINIMAL}headers: {prefix: X-Shop-}\n`)).headers.prefix).toBe('x-shop-');
  });

  it('keeps a password as it is written', async () => {
    const passwords = ['0123', '1e3', 'true', "'null'", '"a b"', '"$${HOME}"', '"  x"'];
    const read = await Promise.all(
      passwords.map((password) => load(MINIMAL.replace('hunter2!', () => password))),
    );
    expect(read.map(({ mailboxes }) => mailboxes[0]?.imap.password)).toEqual([
      '0123',
      '1e3',
      'true',
      'null',
      'a b',
      '${HOME}',
      '  x',
    ]);
  });

  it('understands aliases', async () => {
    const config = await load(`${MINIMAL.replace('imap:', 'imap: &account')}  - {name: b, imap: *account}\n`);
    expect(config.mailboxes[1]?.imap).toEqual(config.mailboxes[0]?.imap);
  });
});

it('refuses a database url whose password holds an @ and a slash, without printing a piece of it', async () => {
  const content = MINIMAL.replace(
    'postgres://mailcase@localhost/mailcase',
    `postgres://mailcase:p@${CANARY}/w@localhost/mailcase`,
  );
  const { message, problems } = await problemsOf(await write(content));
  expect(problems).toMatchObject([{ path: 'database.url', message: 'not a URL that can be read' }]);
  expect(message).toContain('percent-encode');
  expect(message).not.toContain(CANARY);
});

describe('secrets for redaction', () => {
  it.each([
    ['postgres://u:p%40ss-word@h/db', ['p%40ss-word', 'p@ss-word']],
    ['postgres://u:p%40ss@h/db?application_name=a@b', ['p%40ss', 'p@ss']],
    ['postgres:///db?host=/run/postgresql&password=s%2Fcret', ['s%2Fcret', 's/cret']],
  ])('of %s', async (url, secrets) => {
    const file = await write(MINIMAL.replace('postgres://mailcase@localhost/mailcase', `"${url}"`));
    expect((await loadConfig(file, {})).secrets).toEqual(
      expect.arrayContaining([url, ...secrets, 'hunter2!']),
    );
  });

  it('include the shared secret, from wherever it comes, and no short ones', async () => {
    const file = await write(
      withMailbox('trust: {secret: {header: x-s, value: "${S}"}}').replace('hunter2!', 'abc'),
    );
    expect((await loadConfig(file, { S: '0123456789abcdef' })).secrets).toEqual([
      'postgres://mailcase@localhost/mailcase',
      '0123456789abcdef',
    ]);
  });
});

describe('interpolation', () => {
  const imap = (value: string) => withImap('host: localhost', 'user: u', `password: ${value}`);
  const passwordOf = async (file: string, env: NodeJS.ProcessEnv) =>
    (await loadConfig(file, env)).config.mailboxes[0]?.imap.password;

  it.each([
    ['${P}', { P: '12345' }, '12345'],
    ['"a${P}b${Q}c"', { P: '1', Q: '2' }, 'a1b2c'],
    ['"${P}"', { P: '${Q}', Q: 'x' }, '${Q}'],
    ['"$${P}"', { P: 'x' }, '${P}'],
    ['"$$${P}"', { P: 'x' }, '$${P}'],
    ['"$P $ {P}"', { P: 'x' }, '$P $ {P}'],
    ['"${_a1}"', { _a1: 'x: [y' }, 'x: [y'],
  ])('%s', async (value, env, expected) => {
    expect(await passwordOf(await write(imap(value)), env)).toBe(expected);
  });

  it('fills in numbers, booleans, durations and choices', async () => {
    const config = await load(
      `${withImap('host: h.example', 'port: "${PORT}"', 'tls: ${TLS}', 'allow_plaintext: ${YES}', 'user: u', 'password: p')}stop_timeout: \${STOP}\n`,
      { PORT: '1143', TLS: 'none', YES: 'true', STOP: '5s' },
    );
    expect(config.mailboxes[0]?.imap).toMatchObject({ port: 1143, tls: 'none', allow_plaintext: true });
    expect(config.stop_timeout).toBe(5000);
  });

  it('leaves keys alone', async () => {
    await expectProblems(`${MINIMAL}"\${K}": 1\n`, [[5, '', 'something that is no option', 'name: value']], {
      K: 'schedule',
    });
  });

  it('reads a file beside the config, without its last newline', async () => {
    const file = await write(imap('${file:pw}'));
    await writeFile(join(dirname(file), 'pw'), 'from the folder\n\n');
    expect(await passwordOf(file, {})).toBe('from the folder\n');
  });

  it("reads systemd's credentials first, and the folder when they lack it", async () => {
    const file = await write(withImap('host: localhost', 'user: ${file:user}', 'password: "${file:pw}"'));
    const credentials = join(dirname(file), 'credentials');
    await mkdir(credentials);
    await writeFile(join(dirname(file), 'pw'), 'from the folder');
    await writeFile(join(dirname(file), 'user'), 'from the folder');
    await writeFile(join(credentials, 'pw'), 'from systemd\r\n');
    const { config } = await loadConfig(file, { CREDENTIALS_DIRECTORY: credentials });
    expect(config.mailboxes[0]?.imap).toMatchObject({ user: 'from the folder', password: 'from systemd' });
  });

  it('says to a service how a credential is added', async () => {
    const file = await write(imap('${file:pw}'));
    const credentials = join(dirname(file), 'credentials');
    await mkdir(credentials);
    await expect(loadConfig(file, { CREDENTIALS_DIRECTORY: credentials })).rejects.toThrow(
      `; or add \`LoadCredential=pw:${join(dirname(file), 'pw')}\` to the unit and restart it`,
    );
    await expect(loadConfig(file, {})).rejects.not.toThrow('LoadCredential');
  });

  it('takes an absolute path as it is', async () => {
    const secret = join(dirname(await write('')), 'absolute');
    await writeFile(secret, 'x');
    expect(
      await passwordOf(await write(imap(`\${file:${secret}}`)), { CREDENTIALS_DIRECTORY: '/nowhere' }),
    ).toBe('x');
  });

  it('reports what is missing, once, with its line', async () => {
    await expectProblems(
      `database: {url: "\${NO_URL}"}
mailboxes:
  - name: \${constructor}
    imap:
      host: localhost
      port: \${NO_PORT}
      user: \${EMPTY}
      password: "\${file:no-such}\${NO_PASSWORD}"
    folders: ["\${NO_FOLDER}"]
    trust: \${NO_TRUST}
`,
      [
        [1, 'database.url', 'variable NO_URL is not set', 'set NO_URL'],
        [3, 'mailboxes[0].name', 'variable constructor is not set', 'set constructor'],
        [6, 'mailboxes[0].imap.port', 'variable NO_PORT is not set', 'set NO_PORT'],
        [7, 'mailboxes[0].imap.user', 'empty, because ${EMPTY} is empty', 'give it a value'],
        [8, 'mailboxes[0].imap.password', 'no-such does not exist', 'create it'],
        [8, 'mailboxes[0].imap.password', 'variable NO_PASSWORD is not set', 'set NO_PASSWORD'],
        [9, 'mailboxes[0].folders[0]', 'variable NO_FOLDER is not set', 'set NO_FOLDER'],
        [10, 'mailboxes[0].trust', 'variable NO_TRUST is not set', 'set NO_TRUST'],
      ],
      { EMPTY: '' },
    );
  });

  it.each([
    ['"${P"', '`${` without its `}`'],
    [`"\${${CANARY}:-x}"`, 'neither a variable nor a file'],
    ['"${}"', 'neither a variable nor a file'],
    ['"${file:}"', 'neither a variable nor a file'],
    ['"${file:.}"', 'is a folder'],
    [`"\${file:large}"`, 'larger than 64 KB'],
    ['"${file:latin1}"', 'not UTF-8'],
  ])('refuses %s', async (value, message) => {
    const file = await write(imap(value));
    await writeFile(join(dirname(file), 'large'), 'x'.repeat(64 * 1024 + 1));
    await writeFile(join(dirname(file), 'latin1'), Buffer.from('p\xe4ss', 'latin1'));
    const { problems, message: all } = await problemsOf(file);
    expect(problems).toMatchObject([
      { line: 7, path: 'mailboxes[0].imap.password', message: expect.stringContaining(message) },
    ]);
    expect(all).not.toContain(CANARY);
  });

  it('never prints what came from outside', async () => {
    await expectProblems(
      `database: {url: "\${V}"}
schedule: \${V}
log: {level: "\${V}"}
mailboxes:
  - name: \${V} \${V}
    imap: {host: "\${V}/", port: "\${V}", user: u, password: x}
    batch: {bytes: "\${V}"}
    unknwon: \${V}
`,
      [
        [1, 'database.url', 'not the URL of a Postgres database (the value of ${V})', 'postgres://'],
        [2, 'schedule', 'not a schedule', '5 fields'],
        [3, 'log.level', 'not one of the possible values (the value of ${V})', '`fatal`'],
        [5, 'mailboxes[0].name', 'not a name', 'letters'],
        [6, 'mailboxes[0].imap.host', 'not the name of a host', 'the name alone'],
        [6, 'mailboxes[0].imap.port', 'whole number (the value of ${V})', 'digits'],
        [7, 'mailboxes[0].batch.bytes', 'not a size', '16MB'],
        [8, 'mailboxes[0].unknwon', 'unknown option', 'possible here: name, own, imap'],
      ],
      { V: CANARY },
    );
  });
});

describe('a config that is refused', () => {
  it('is refused with all problems at once', async () => {
    await expectProblems(
      `databse: x
database:
  url: postgres://u:${CANARY}@h/db
  embedded: ./data
  pool: 0
schedule: 61 * * * *
log: {level: wran}
backoff: {first: 1h, longest: 30m}
headers: {prefix: "x:"}
rules: [a]
mailboxes:
- name: a b
  own: [support]
  imap:
    prot: 9
    host: "imaps://u:${CANARY}@h"
    tls: emplicit
    user: ""
    user: x
  folders: [INBOX, inbox, {path: x, role: snt}]
  select: keywrd
  processed: {flag: \\Deleted}
  trust: {secret: {header: X Y, value: short}}
- name: b
  imap: {host: h.example, tls: none, user: u, password: x}
  poll_timeout: 30
  password: ${CANARY}
- name: b
`,
      [
        [1, 'databse', 'unknown option', 'did you mean `database`?'],
        [2, 'database', '`url` and `embedded` exclude each other', 'give `url'],
        [5, 'database.pool', 'must be at least 1 (got `0`)', 'write 1 or more'],
        [6, 'schedule', 'its minute cannot be understood (got `61 * * * *`)', '5 fields'],
        [7, 'log.level', '(got `wran`)', 'did you mean `warn`?'],
        [8, 'backoff.longest', 'must not be shorter than `first`', 'raise'],
        [9, 'headers.prefix', 'not the beginning of header field names of your own (got `x:`)', '2 to 60'],
        [10, 'rules[0]', 'must be a map of options, and is a single value', 'name, when, then'],
        [12, 'mailboxes[0].name', 'not a name for a mailbox (got `a b`)', 'letters'],
        [13, 'mailboxes[0].own[0]', 'neither an address nor a domain (got `support`)', '`.example.com`'],
        [14, 'mailboxes[0].imap.password', 'required, but missing', 'add `password: "${IMAP_PASSWORD}"`'],
        [15, 'mailboxes[0].imap.prot', 'unknown option', 'did you mean `port`?'],
        [16, 'mailboxes[0].imap.host', 'not the name of a host', 'the port as `port`'],
        [17, 'mailboxes[0].imap.tls', '(got `emplicit`)', 'did you mean `implicit`?'],
        [18, 'mailboxes[0].imap.user', 'must not be empty', 'write its value'],
        [19, 'mailboxes[0].imap.user', 'given twice: the first time in line 18', 'take one'],
        [20, 'mailboxes[0].folders[2].role', '(got `snt`)', 'did you mean `sent`?'],
        [20, 'mailboxes[0].folders[1]', 'the same folder once more (got `inbox`)', 'take one'],
        [21, 'mailboxes[0].select', '(got `keywrd`)', 'did you mean `keyword`?'],
        [22, 'mailboxes[0].processed.flag', 'expunge', '`\\Seen`, `\\Flagged`, `\\Answered`'],
        [23, 'mailboxes[0].trust.secret.header', 'not the name of a header field', 'x-our-secret'],
        [23, 'mailboxes[0].trust.secret.value', 'at least 16 characters', 'openssl rand -hex 32'],
        [25, 'mailboxes[1].imap.tls', 'without TLS', 'allow_plaintext: true'],
        [26, 'mailboxes[1].poll_timeout', 'a duration without its unit (got `30`)', '`30s`'],
        [27, 'mailboxes[1].password', 'unknown option', 'move it: `password` belongs in `imap`'],
        [28, 'mailboxes[2].imap', 'required, but missing', 'add `imap: {host'],
        [28, 'mailboxes[2].name', 'another mailbox has this name (got `b`)', 'its own name'],
      ],
    );
  });

  it('is refused with a message that can be read', async () => {
    const file = await write(MINIMAL.replace('host:', 'prot: 1, host:').replace('support@example.com,', ','));
    expect((await problemsOf(file)).message).toBe(
      `2 problems in the configuration

${file}:4  mailboxes[0].imap.user
    required, but missing
    → add \`user: support@example.com\`

${file}:4  mailboxes[0].imap.prot
    unknown option
    → did you mean \`port\`?`,
    );
  });

  it('carries the code of a config that cannot be used', async () => {
    const file = await write('');
    const error = await problemsOf(file);
    expect([error.code, error.temporary, error.fields]).toEqual([
      'config_invalid',
      false,
      { file, problems: 2 },
    ]);
  });

  const database = (line: string) => `${line}\n${MINIMAL.split('\n').slice(1).join('\n')}`;
  const topLevel: [name: string, content: string, expected: Expected[]][] = [
    [
      'empty',
      '# nothing\n',
      [
        [1, 'database', 'required, but missing', 'add `database: {url'],
        [1, 'mailboxes', 'required, but missing', 'add `mailboxes: ['],
      ],
    ],
    ['a list', '- a\n', [[1, '', 'must be a map of options', 'database:']]],
    ['a word', `${CANARY}\n`, [[1, '', 'must be a map of options', 'database:']]],
    [
      'no mailbox',
      `${MINIMAL.split('\n')[0]}\nmailboxes: []\n`,
      [[2, 'mailboxes', 'at least one', 'mailboxes: [{']],
    ],
    [
      'commented mailboxes',
      `${MINIMAL.split('\n')[0]}\nmailboxes:\n`,
      [[2, 'mailboxes', 'missing', 'mailboxes: [{']],
    ],
    ['an empty entry', `${MINIMAL}  -\n`, [[5, 'mailboxes[1]', 'an entry without content', 'hyphen']]],
    [
      'no database',
      database('database: {}'),
      [[1, 'database', 'needs `url` or `embedded`', 'embedded: ./data']],
    ],
    [
      'a database in short',
      database(`database: postgres://u:${CANARY}@h/db`),
      [[1, 'database', 'must be a map of options, and is a single value', 'url, embedded, pool']],
    ],
    [
      'another database',
      database(`database: {url: mysql://u:${CANARY}@h/db}`),
      [[1, 'database.url', 'not the URL of a Postgres database', 'postgres://']],
    ],
    [
      'a broken url',
      database(`database: {url: "postgres://u:${CANARY}@h:x/db"}`),
      [[1, 'database.url', 'not a URL that can be read', 'percent-encode']],
    ],
    [
      'a url as folder',
      database(`database: {embedded: "postgres://u:${CANARY}@h/db"}`),
      [[1, 'database.embedded', 'not a folder', 'use `url`']],
    ],
    [
      'a large pool',
      database('database: {embedded: x, pool: 201}'),
      [[1, 'database.pool', 'at most 200', '200 or less']],
    ],
    [
      'half a pool',
      database('database: {embedded: x, pool: 1.5}'),
      [[1, 'database.pool', 'whole number', 'digits']],
    ],
    [
      'a cron field short',
      `${MINIMAL}schedule: "* * * *"\n`,
      [[5, 'schedule', 'not a schedule (got', '5 fields']],
    ],
    [
      'a list as schedule',
      `${MINIMAL}schedule: [a]\n`,
      [[5, 'schedule', 'a single value, and is a list', 'one value']],
    ],
    ['a long stop', `${MINIMAL}stop_timeout: 2h\n`, [[5, 'stop_timeout', 'at most 1h', 'write 1h or less']]],
    [
      'no rest',
      `${MINIMAL}backoff: {first: 0s}\n`,
      [[5, 'backoff.first', 'at least 100ms', '100ms or more']],
    ],
    [
      'a long prefix',
      `${MINIMAL}headers: {prefix: ${'x'.repeat(61)}}\n`,
      [[5, 'headers.prefix', 'not the beginning', '2 to 60']],
    ],
    [
      'a short prefix',
      `${MINIMAL}headers: {prefix: x}\n`,
      [[5, 'headers.prefix', 'not the beginning', '2 to 60']],
    ],
    [
      'a wrong level',
      `${MINIMAL}trust: none\n`,
      [[5, 'trust', 'unknown option', '`trust` belongs in `mailboxes`']],
    ],
    [
      'far from home',
      `${MINIMAL}pasword: ${CANARY}\n`,
      [[5, 'pasword', 'unknown option', '`password`? It belongs in `imap`']],
    ],
    [
      'unlike anything',
      `${MINIMAL}zzzzzzzz: ${CANARY}\n`,
      [[5, 'zzzzzzzz', 'unknown option', 'possible here: database']],
    ],
    [
      '__proto__',
      `${MINIMAL}__proto__: {schedule: x}\n`,
      [[5, '', 'something that is no option', 'name: value']],
    ],
  ];
  it.each(topLevel)('%s', (_name, content, expected) => expectProblems(content, expected));

  type Row = [line: string, path: string, message: string, cure: string];
  const mailbox: Row[] = [
    ['own: example.com', 'own', 'must be a list, and is a single value', 'own: [support@example.com'],
    ['own: [<your domain>]', 'own[0]', 'still to be replaced (got `<your domain>`)', '`.example.com`'],
    ['own: [a@]', 'own[0]', 'neither an address', 'example.com'],
    ...['co.uk', '.co.uk', '.com', '.github.io'].map(
      (domain) =>
        [`own: [${domain}]`, 'own[0]', 'a public suffix', 'the domain that is your own'] satisfies Row,
    ),
    ['own: [a@b.c, [x]]', 'own[1]', 'a single value, and is a list', 'one value'],
    ['folders: INBOX', 'folders', 'must be a list', '`folders: [INBOX]`'],
    ['folders: []', 'folders', 'at least one entry', '`folders: [INBOX]`'],
    ['folders: [a, b, a]', 'folders[2]', 'the same folder once more', 'take one'],
    ['folders: [{role: inbox}]', 'folders[0].path', 'required, but missing', '`path: INBOX`'],
    ['folders: ["a\\nb"]', 'folders[0]', 'not the path of a folder', 'control characters'],
    ['folders: [{path: a, rol: inbox}]', 'folders[0].rol', 'unknown option', '`role`'],
    ['select: all', 'select', 'not one of the possible values (got `all`)', '`unseen`, `keyword`, `new`'],
    ['start: never', 'start', 'neither `all` nor `now` nor a date (got `never`)', '2026-01-31'],
    ['start: 2026-02-31', 'start', 'nor a date (got `2026-02-31`)', '2026-01-31'],
    ['start: 31.01.2026', 'start', 'nor a date', '2026-01-31'],
    ['start: 2026-01-31T08:00', 'start', 'nor a date', 'T08:00:00Z'],
    ['start: 2999-01-01', 'start', 'still to come', 'past'],
    ['start: [now]', 'start', 'a single value, and is a list', 'one value'],
    [
      'processed: nothing',
      'processed',
      'not one of the possible values (got `nothing`)',
      'write `none`, or its options',
    ],
    ['processed: {none: true}', 'processed.none', 'unknown option', 'write `processed: none`'],
    ['processed: {label: "\\\\Inbox"}', 'processed.label', 'a label of Gmail itself', '`flag: \\Flagged`'],
    ['processed: {keyword: "a b"}', 'processed.keyword', 'not a keyword (got `a b`)', '`mailcase`'],
    ['processed: {keyword: \\Seen}', 'processed.keyword', 'not a keyword', '`mailcase`'],
    ['processed: {move: A, delete: true}', 'processed.delete', 'exclude each other', 'take one'],
    ['processed: {move: A, set_aside: A}', 'processed.set_aside', 'the folder of `move`', 'another'],
    ['processed: {move: inbox}', 'processed.move', 'polled itself', 'not in `folders`'],
    ['processed: {delete: perhaps}', 'processed.delete', 'true or false', '`true`'],
    ['processed: {flag: Seen}', 'processed.flag', 'begin with a backslash', 'set it as `keyword`'],
    ['processed: {flag: \\Draft}', 'processed.flag', 'as a draft', '`\\Seen`'],
    ['processed: {flag: \\Recent}', 'processed.flag', 'only the server', '`\\Seen`'],
    [
      'trust: hmac',
      'trust',
      'not one of the possible values',
      'write `none`, `all`, or its options below it: secret, hmac, dkim',
    ],
    [`trust: ${CANARY}`, 'trust', 'not one of the possible values', '`none`'],
    [`trust: [${CANARY}]`, 'trust', 'not one of the possible values', '`none`'],
    [
      'trust: {dkim: {}}\n    authentication: {verify: true}',
      'trust.dkim.domains',
      'required',
      'domains: [example.com]',
    ],
    [
      'trust: {dkim: {domains: []}}\n    authentication: {verify: true}',
      'trust.dkim.domains',
      'at least one',
      'domains: [example.com]',
    ],
    [
      'trust: {dkim: {domains: [www@example.com]}}\n    authentication: {verify: true}',
      'trust.dkim.domains[0]',
      'not a domain',
      '`.example.com`',
    ],
    ...['co.uk', '.co.uk', 'CO.UK', 'github.io', '.github.io', 'foo.ck', '公司.cn'].map(
      (domain) =>
        [
          `trust: {dkim: {domains: [${domain}]}}\n    authentication: {verify: true}`,
          'trust.dkim.domains[0]',
          'a public suffix',
          'the domain that is your own',
        ] satisfies Row,
    ),
    [
      'trust: {dkim: {domains: [example.com]}}',
      'trust.dkim',
      'nothing says whether a signature is good',
      'authserv_id: …}` to what your receiving server calls itself',
    ],
    [
      'authentication: {authserv_id: "mx example"}',
      'authentication.authserv_id',
      'calls itself',
      'mx.example.com',
    ],
    ['authentication: {wait: 0s}', 'authentication.wait', 'at least 1s', '1s'],
    ['authentication: {wait: 8d}', 'authentication.wait', 'at most 7d', '7d'],
    ['authentication: {dns: [ns.example.com]}', 'authentication.dns[0]', 'name server', '192.0.2.53:5353'],
    ['authentication: {dns: ["192.0.2.53:0"]}', 'authentication.dns[0]', 'name server', '192.0.2.53'],
    ['authentication: {dns: ["2001:db8::53:x"]}', 'authentication.dns[0]', 'name server', '192.0.2.53'],
    ['authentication: {dns: []}', 'authentication.dns', 'at least one', 'dns: [192.0.2.53]'],
    ['trust: {}', 'trust', 'says no way to be trusted', 'add one of `secret`'],
    [`trust: {secret: ${CANARY}}`, 'trust.secret', 'must be a map of options', 'header, value'],
    [`trust: {secret: {value: ${CANARY}}}`, 'trust.secret.header', 'required', 'header: x-our-secret'],
    [
      `trust: {secret: {header: "${CANARY} x", value: 0123456789abcdef}}`,
      'trust.secret.header',
      'not the name',
      'ASCII',
    ],
    [
      `trust: {secret: {header: x-s, value: "${CANARY}\\n"}}`,
      'trust.secret.value',
      'no mail would match',
      'line breaks',
    ],
    [
      `trust: {secret: {header: x-s, valeu: ${CANARY}, value: 0123456789abcdef}}`,
      'trust.secret.valeu',
      'unknown',
      '`value`',
    ],
    [`trust: {hmac: ${CANARY}}`, 'trust.hmac', 'must be a map of options', 'keys'],
    ['trust: {hmac: {}}', 'trust.hmac.keys', 'required, but missing', 'keys: [{id:'],
    ['trust: {hmac: {keys: []}}', 'trust.hmac.keys', 'at least one entry', 'id'],
    [`trust: {hmac: {keys: [${CANARY}]}}`, 'trust.hmac.keys[0]', 'must be a map of options', 'id, secret'],
    [`trust: {hmac: {keys: [{id: a b, secret: ${KEY}}]}}`, 'trust.hmac.keys[0].id', 'not the id', 'hyphens'],
    [
      `trust: {hmac: {keys: [{id: a, secret: ${CANARY}}]}}`,
      'trust.hmac.keys[0].secret',
      'at least 32 characters',
      'openssl rand -hex 32',
    ],
    [
      `trust: {hmac: {keys: [{id: a, secret: "${KEY}${CANARY} "}]}}`,
      'trust.hmac.keys[0].secret',
      'white space at its ends',
      'openssl rand -hex 32',
    ],
    [
      `trust: {hmac: {keys: [{id: a, secret: ${KEY}}, {id: a, secret: ${KEY}2}]}}`,
      'trust.hmac.keys[1].id',
      'two keys have this id',
      'of its own',
    ],
    [
      `trust: {hmac: {keys: [{id: a, secret: ${KEY}}, {id: b, secret: ${KEY}}]}}`,
      'trust.hmac.keys[1].secret',
      'two keys have this secret',
      'make another one',
    ],
    [
      `trust: {hmac: {header: from, keys: [{id: a, secret: ${KEY}}]}}`,
      'trust.hmac.header',
      'not the name of a header field of your own',
      'x-',
    ],
    [
      `trust: {hmac: {header: X-Desk-Case-Status, keys: [{id: a, secret: ${KEY}}]}}`,
      'trust.hmac.header',
      'an instruction already',
      'x-our-signature',
    ],
    [
      'trust: {secret: {header: x-desk-case-custom-key, value: 0123456789abcdef}}',
      'trust.secret.header',
      'an instruction already',
      'sets nothing',
    ],
    [
      `trust: {secret: {header: x-s, value: 0123456789abcdef}, hmac: {header: X-S, keys: [{id: a, secret: ${KEY}}]}}`,
      'trust.hmac.header',
      'the header field of `secret` too',
      'of its own',
    ],
    [
      `trust: {hmac: {keys: [{id: a, secret: ${KEY}}], max_age: 30s}}`,
      'trust.hmac.max_age',
      'at least 1m',
      '1m or more',
    ],
    ['poll_timeout: 25h', 'poll_timeout', 'at most 1d', '1d or less'],
    ['batch: {messages: 1001}', 'batch.messages', 'at most 1000', '1000 or less'],
    ['batch: {messages: -1}', 'batch.messages', 'whole number', 'digits'],
    ['batch: {bytes: 1}', 'batch.bytes', 'at least 1KB', '1KB or more'],
    ['message_bytes: 501MB', 'message_bytes', 'at most 500MB', '500MB or less'],
    ['daily_download: 49MB', 'daily_download', '(`message_bytes`, 50MB)', 'write `50MB` or more, or lower'],
    ['message_bytes: much', 'message_bytes', 'not a size (got `much`)', '16MB'],
  ];
  it.each(mailbox)('mailbox %s', (line, path, message, cure) =>
    expectProblems(withMailbox(line), [[5, `mailboxes[0].${path}`, message, cure]]),
  );

  it('path and folders', () =>
    expectProblems(withMailbox('folders: [a]', 'path: b'), [
      [6, 'mailboxes[0].path', '`path` is short for `folders`', 'move it into `folders`'],
    ]));

  const imap: [lines: string[], expected: Expected[]][] = [
    [
      ['host: <your IMAP server>', 'user: <the name>', 'password: <hunter2>'],
      [
        [5, 'mailboxes[0].imap.host', 'still to be replaced', 'the name alone'],
        [6, 'mailboxes[0].imap.user', 'still to be replaced (got `<the name>`)', 'in place of it'],
      ],
    ],
    [
      ['host: a b', 'user: u', 'password: p'],
      [[5, 'mailboxes[0].imap.host', 'host (got `a b`)', 'the name alone']],
    ],
    [
      ['host: h:993', 'user: u', 'password: p'],
      [[5, 'mailboxes[0].imap.host', 'host (got `h:993`)', '`port`']],
    ],
    [
      ['host: h', 'user: u', 'password:'],
      [[7, 'mailboxes[0].imap.password', 'missing', 'password: "${IMAP_']],
    ],
    [
      ['host: h', 'user: u', 'password: ""'],
      [[7, 'mailboxes[0].imap.password', 'must not be empty', 'write its']],
    ],
    [
      ['host: h', 'user: u', 'password: p', 'port: 0'],
      [[8, 'mailboxes[0].imap.port', 'at least 1', '1 or more']],
    ],
    [
      ['host: h', 'user: u', 'password: p', 'port: 65536'],
      [[8, 'mailboxes[0].imap.port', 'at most 65535', 'less']],
    ],
    [
      ['host: h', 'user: u', 'password: p', 'port: imaps'],
      [[8, 'mailboxes[0].imap.port', '(got `imaps`)', 'digits']],
    ],
    [
      ['host: h', 'user: u', 'password: p', 'tls: none', 'allow_plaintext: yes'],
      [[9, 'mailboxes[0].imap.allow_plaintext', 'true or false (got `yes`)', '`true`']],
    ],
    [
      ['host: localhost.example.com', 'user: u', 'password: p', 'tls: none'],
      [[8, 'mailboxes[0].imap.tls', 'for this machine alone', 'starttls']],
    ],
  ];
  it.each(imap)('imap %j', (lines, expected) => expectProblems(withImap(...lines), expected));
});

describe('secrets in wrong places are not printed', () => {
  it.each([
    ['a misspelt key', withImap('host: localhost', 'user: u', `pasword: ${CANARY}`)],
    ['a value that is no text', withImap('host: localhost', 'user: u', `password: [${CANARY}]`)],
    ['a password on its own line', withImap('host: localhost', 'user: u', 'password:', `  ${CANARY}: x`)],
    ['no space after the colon', MINIMAL.replace('password: hunter2!', `password:${CANARY}`)],
    ['a comma in a password', MINIMAL.replace('hunter2!', `a,${CANARY}`)],
    ['a section', withMailbox('poll_timeout: 1').replace(/imap:.*/, `imap: ${CANARY}`)],
    ['the port', withImap('host: localhost', 'user: u', `password: ${CANARY}`, `port: ${CANARY}`)],
    ['a tag', withImap('host: localhost', 'user: u', `password: !${CANARY}`)],
    ['an alias', withImap('host: localhost', 'user: u', `password: *${CANARY}`)],
    ['an anchor', withImap('host: localhost', 'user: u', `password: &${CANARY}`)],
    ['a second colon', withImap('host: localhost', 'user: u', `password: a: ${CANARY}`)],
    ['an open quote', withImap('host: localhost', 'user: u', `password: "${CANARY}`)],
    ['a block header', withImap('host: localhost', 'user: u', `password: |${CANARY}`)],
    ['a reserved sign', withImap('host: localhost', 'user: u', `password: @${CANARY}`)],
    ['below an unknown option', `${MINIMAL}zzzz: {a: {"${CANARY}": "\${NOT_SET}${CANARY}"}}\n`],
    ['a URL for a host', withImap(`host: imaps://u:${CANARY}@h`, 'user: u', 'password: p')],
    ['a URL for a folder', `database: {embedded: "postgres://u:${CANARY}@h/db"}\n`],
    [
      'twice below a secret',
      withImap('host: localhost', 'user: u', `password: {"${CANARY}": 1, "${CANARY}": 2}`),
    ],
    ['a list instead of a mailbox', `${MINIMAL}  - [${CANARY}]\n`],
  ])('%s', async (_name, content) => {
    const error = await problemsOf(await write(content));
    expect(error.problems.length).toBeGreaterThan(0);
    expect(JSON.stringify([error.message, error.problems, error.fields])).not.toContain(CANARY);
    expect(error.problems.filter(({ message, cure }) => message === '' || cure === '')).toEqual([]);
  });
});

describe('YAML', () => {
  const syntax: [name: string, content: string, line: number, message: string, cure: string][] = [
    ['a tab', 'a:\n\tb: 1\n', 2, 'indented with a tab', 'spaces'],
    ['an open quote', 'a: 1\nb: "x\n', 3, 'a quote, a bracket or a colon is missing', 'close'],
    ['a second colon', 'a: 1\nb: c: d\n', 2, 'a second `: ` in one line', 'single quotes'],
    ['an escape', 'a: "\\Seen"\n', 1, 'a backslash in double quotes', "'\\Seen'"],
    ['two documents', 'a: 1\n---\nb: 2\n', 2, 'a second YAML document', '---'],
    ['a tag', 'a: 1\nb: !x y\n', 2, 'a tag in YAML', 'single quotes'],
    ['an indentation', 'a: [1\nb: 2\n', 2, 'the indentation does not fit', 'same indentation'],
    ['${} in braces', 'a: {b: ${X}}\n', 1, 'a `${…}` inside { } or [ ]', '"${NAME}"'],
    ['a reserved sign', 'a: @x\n', 1, 'not valid YAML', 'single quotes'],
  ];
  it.each(syntax)('%s', (_name, content, line, message, cure) =>
    expectProblems(content, [[line, '', message, cure]]),
  );

  it('several mistakes', () =>
    expectProblems('a: @x\nb: 1\nc: "\\Seen"\n', [
      [1, '', 'not valid YAML', 'quotes'],
      [3, '', 'a backslash in double quotes', 'twice'],
    ]));

  it('an alias of nothing', () =>
    expectProblems(MINIMAL.replace('hunter2!', '*nothing'), [
      [4, 'mailboxes[0].imap.password', 'begins with `*`', 'single quotes'],
    ]));

  it.each([
    ['an alias of itself', '&a [*a]'],
    [
      'a bomb',
      `[&a [x,x,x,x,x,x,x,x,x], ${[...'bcdefgh'].map((name, index) => `&${name} [${`*${'abcdefg'[index]},`.repeat(9)}]`).join(', ')}]`,
    ],
    ['a well', '['.repeat(100) + ']'.repeat(100)],
  ])('%s', (_name, value) =>
    expectProblems(`${MINIMAL}rules: []\nlog: ${value}\n`, [
      [6, '', 'nested too deeply, or blown up by aliases', 'write the sections out'],
      [6, 'log', 'must be a map of options, and is a list', 'level'],
    ]),
  );
});

describe('the file itself', () => {
  it('is missing', async () => {
    const file = join(folder, 'none.yaml');
    const { problems, message } = await problemsOf(file);
    expect(problems).toEqual([
      {
        file,
        line: undefined,
        path: '',
        message: `the file ${file} does not exist`,
        cure: expect.stringContaining('--config'),
      },
    ]);
    expect(message).toContain(`\n${file}\n`);
  });

  it('is a folder', async () => {
    expect((await problemsOf(folder)).problems).toMatchObject([
      { message: expect.stringContaining('is a folder') },
    ]);
  });

  // Root may read everything.
  it('must not be read', async () => {
    const file = await write(MINIMAL);
    await chmod(file, 0o000);
    if (process.getuid?.() === 0) {
      process.stderr.write('root reads every file: a file that must not be read is not tried as root\n');
      expect((await loadConfig(file, {})).config.mailboxes).toHaveLength(1);
      return;
    }
    expect((await problemsOf(file)).problems).toMatchObject([
      { message: expect.stringContaining('must not be read'), cure: expect.stringContaining('the right') },
    ]);
  });

  it('lies below a file', async () => {
    expect((await problemsOf(join(await write(''), 'x'))).problems).toMatchObject([
      { message: expect.stringContaining('does not exist') },
    ]);
  });

  it('is not UTF-8', () =>
    expectProblems(Buffer.from('a: \xe4\n', 'latin1'), [
      [undefined, '', 'is not UTF-8', 'save it as UTF-8'],
    ]));

  it('is larger than 1 MB', () =>
    expectProblems('#'.repeat(1024 * 1024 + 1), [[undefined, '', 'larger than 1024 KB', 'right one']]));

  it('may be as large as 1 MB, begin with a byte order mark and have Windows line ends', async () => {
    const start = `\ufeff${MINIMAL.replaceAll('\n', '\r\n')}`;
    const padding = 1024 * 1024 - Buffer.byteLength(start);
    expect(await load(start + '#'.repeat(padding))).toEqual(await load(MINIMAL));
  });
});

describe('the declaration of the options', () => {
  it('has a sentence for each', () => {
    const silent = [...OPTIONS.values()].filter(({ meta }) => !meta.description?.endsWith('.'));
    expect(silent.map(({ pattern }) => pattern)).toEqual(['']);
  });

  it('marks the secrets', () => {
    const secret = [...OPTIONS.values()].filter(({ meta }) => meta.secret);
    expect(secret.map(({ pattern }) => pattern)).toEqual([
      'database.url',
      'token_key',
      'token_key[]',
      'alert.webhook.url',
      'alert.webhook.headers.*',
      'mailboxes[].imap.password',
      'mailboxes[].imap.oauth2.client_secret',
      'mailboxes[].imap.oauth2.key',
      'mailboxes[].imap.proxy',
      'mailboxes[].trust.secret.value',
      'mailboxes[].trust.hmac.keys[].secret',
    ]);
  });
});
