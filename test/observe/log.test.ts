import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { LogConfig } from '../../src/config/schema.ts';
import { MailcaseError } from '../../src/errors.ts';
import { changingMask, createLog, type Log } from '../../src/observe/log.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();

/** What is written to the log, as text. */
async function written(
  write: (log: Log) => void,
  { secrets = [] as string[], level = 'info' as LogConfig['level'], isTTY = false } = {},
): Promise<string> {
  const output = Object.assign(new PassThrough(), { isTTY });
  let text = '';
  output.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  write(createLog(level, secrets, output));
  await new Promise((resolve) => setImmediate(resolve));
  return text;
}

async function lines(...args: Parameters<typeof written>): Promise<Record<string, unknown>[]> {
  const text = await written(...args);
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('createLog', () => {
  it('writes one JSON object a line to a pipe', async () => {
    const found = await lines((log) => {
      log.info({ mailbox: 'support', text: 'two\nlines' }, 'starting');
      log.child({ folder: 'INBOX' }).warn('quarantined');
    });
    expect(found).toEqual([
      expect.objectContaining({ level: 'info', name: 'mailcase', msg: 'starting', text: 'two\nlines' }),
      expect.objectContaining({ level: 'warn', folder: 'INBOX', msg: 'quarantined' }),
    ]);
    for (const { time } of found) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('writes lines for people to a terminal', async () => {
    const text = await written((log) => log.info({ mailbox: 'support' }, 'starting'), { isTTY: true });
    expect(text).toMatch(/INFO.*starting/);
    expect(text).toMatch(/mailbox.*support/);
    expect(text).not.toContain('"msg"');
  });

  it.each<[LogConfig['level'], string[]]>([
    ['fatal', ['fatal']],
    ['error', ['fatal', 'error']],
    ['warn', ['fatal', 'error', 'warn']],
    ['info', ['fatal', 'error', 'warn', 'info']],
    ['debug', ['fatal', 'error', 'warn', 'info', 'debug']],
    ['trace', ['fatal', 'error', 'warn', 'info', 'debug', 'trace']],
  ])('at level %s writes %j', async (level, expected) => {
    const found = await lines(
      (log) => {
        for (const each of ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const) log[each]('line');
      },
      { level },
    );
    expect(found.map((line) => line.level)).toEqual(expected);
  });
});

describe('what a server says', () => {
  const HOSTILE = 'a\u001b[2J\u009b2J\u202eb\u2028c\u0007';
  const say = (log: Log) => log.error({ err: new Error(HOSTILE), text: HOSTILE }, 'poll failed');

  it('gives the terminal no orders', async () => {
    vi.stubEnv('NO_COLOR', '1');
    const text = await written(say, { isTTY: true });
    vi.unstubAllEnvs();
    expect(text).toContain('poll failed');
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
  });

  it('stands in JSON as it was, escaped', async () => {
    const text = await written(say);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
    expect(JSON.parse(text)).toMatchObject({ text: HOSTILE, err: { message: HOSTILE } });
  });
});

describe('secrets', () => {
  const SECRET = 'canary-5Ecr3t';
  /** Written differently by JSON and by URLs. */
  const AWKWARD = 'can"ary\\5 é/ü@:#?%&+=';

  const places: [string, (log: Log, secret: string) => void][] = [
    ['the message', (log, secret) => log.info(`login with ${secret} failed`)],
    ['a field', (log, secret) => log.info({ detail: secret }, 'line')],
    ['a field within fields', (log, secret) => log.info({ a: { b: [`x${secret}x`] } }, 'line')],
    ['the name of a field', (log, secret) => log.info({ [secret]: 1 }, 'line')],
    ['a bound field', (log, secret) => log.child({ detail: secret }).info('line')],
    ['an error', (log, secret) => log.error({ err: new Error(`bad ${secret}`) }, 'line')],
    [
      "an error's cause",
      (log, secret) => log.error({ err: new Error('outer', { cause: new Error(secret) }) }, 'line'),
    ],
    [
      'the cause of a cause',
      (log, secret) =>
        log.error(
          {
            err: new MailcaseError('imap_connect', 'outer', {
              cause: new Error('middle', { cause: secret }),
            }),
          },
          'line',
        ),
    ],
    [
      'the fields of an error',
      (log, secret) =>
        log.error({ err: new MailcaseError('imap_connect', 'x', { fields: { said: secret } }) }, 'line'),
    ],
    [
      'a stack',
      (log, secret) => {
        const error = new Error('harmless');
        error.stack = `Error: harmless\n    at ${secret} (file.js:1:1)`;
        log.error({ err: error }, 'line');
      },
    ],
    ['a URL', (log, secret) => log.info({ url: `postgres://u:${encodeURIComponent(secret)}@db/x` }, 'line')],
    [
      'a URL as the parser writes it',
      (log, secret) => {
        const url = new URL('postgres://u@db/x');
        url.password = secret;
        log.info({ url: url.href }, 'line');
      },
    ],
    ['JSON in a message', (log, secret) => log.info(`sent ${JSON.stringify({ pass: secret })}`)],
  ];

  for (const isTTY of [false, true]) {
    it.each(places)(`are masked in %s (${isTTY ? 'terminal' : 'pipe'})`, async (_place, write) => {
      for (const secret of [SECRET, AWKWARD]) {
        const text = await written((log) => write(log, secret), { secrets: [SECRET, AWKWARD], isTTY });
        expect(text).toContain('[secret]');
        // The beginnings of both, so that no notation of them goes unseen.
        expect(text).not.toMatch(/can.{0,6}ary|5Ecr3t/);
      }
    });
  }

  it('are masked one within the other', async () => {
    const text = await written((log) => log.info('pass-word-more and pass-word'), {
      secrets: ['pass-word', 'pass-word-more'],
    });
    expect(text).toContain('"msg":"[secret] and [secret]"');
  });

  it('leave the line an object of JSON, and the rest of it as it was', async () => {
    const [line] = await lines((log) => log.info({ detail: `a ${AWKWARD} b`, n: 1 }, 'line'), {
      secrets: [AWKWARD],
    });
    expect(line).toMatchObject({ detail: 'a [secret] b', n: 1, msg: 'line' });
  });

  it('too short to be told from ordinary text are left alone', async () => {
    const [line] = await lines((log) => log.info('poll done'), { secrets: ['', 'o', 'ol'] });
    expect(line).toMatchObject({ msg: 'poll done' });
  });
});

describe('errors', () => {
  it('of our own say their code, whether they are temporary, and their fields', async () => {
    const err = new MailcaseError('imap_connect', 'cannot connect', {
      fields: { port: 993 },
      cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    });
    const [line] = await lines((log) => log.error({ err }, 'poll failed'));
    expect(line).toMatchObject({
      level: 'error',
      msg: 'poll failed',
      err: {
        type: 'MailcaseError',
        code: 'imap_connect',
        message: 'cannot connect',
        temporary: true,
        port: 993,
        cause: { type: 'Error', code: 'ECONNREFUSED', message: 'refused' },
      },
    });
    expect(line?.err).not.toHaveProperty('stack');
  });

  it('of others keep their stack', async () => {
    const [line] = await lines((log) => log.error({ err: new TypeError('x is not a function') }, 'failed'));
    expect(line?.err).toMatchObject({ type: 'TypeError', stack: expect.stringContaining('log.test.ts') });
  });

  it('that are none are written all the same', async () => {
    const [line] = await lines((log) => log.error({ err: 'a text' }, 'failed'));
    expect(line?.err).toEqual({ message: 'a text' });
  });

  it('of several addresses say what each of them answered', async () => {
    const err = new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]);
    const [line] = await lines((log) => log.error({ err }, 'failed'));
    expect(line?.err).toMatchObject({ message: 'refused ::1; refused 127.0.0.1' });
  });

  it('of Postgres carry neither the values of the statement nor the row', async () => {
    const { db } = database;
    const canary = 'canary in a mail';
    await db('customers').insert({ external_id: canary });
    const errors = [
      // detail: Key (external_id)=(…) already exists.
      await thrownBy(db('customers').insert({ external_id: canary })),
      // detail: Failing row contains (…).
      await thrownBy(db.raw(`insert into customers (company, custom_fields) values (?, '[]')`, [canary])),
      // where: the statement's context, with its text.
      await thrownBy(db.raw('select ?::text, no_such_column', [canary])),
      await thrownBy(db.raw('select no_such_function(?, ?)', [canary, Buffer.from(canary)])),
    ];
    for (const [index, err] of errors.entries()) {
      expect(err).toBeInstanceOf(Error);
      const text = await written((log) => log.error({ err }, 'failed'), { level: 'trace' });
      expect(text, String(index)).toMatch(/"code":"(23505|23514|42703|42883)"/);
      expect(text).not.toContain('canary');
      expect(text).not.toContain(Buffer.from('canary').toString('hex'));
      const { err: fields } = JSON.parse(text) as { err: object };
      expect(Object.keys(fields).sort()).toEqual(['code', 'message', 'stack', 'type']);
    }
    const wrapped = new MailcaseError('database_race', 'others were faster', { cause: errors[0] });
    expect(await written((log) => log.error({ err: wrapped }, 'failed'))).not.toContain('canary');
  });
});

it('changingMask blanks what it was told last, in a log that is there already', async () => {
  const mask = changingMask(['first-secret']);
  const output = new PassThrough();
  const log = createLog('info', mask.mask, output);
  log.info('first-secret and second-secret');
  mask.set(['second-secret']);
  log.info('first-secret and second-secret');
  output.end();
  const text = (await output.toArray()).join('');
  expect([...text.matchAll(/"msg":"([^"]*)"/g)].map(([, message]) => message)).toEqual([
    '[secret] and second-secret',
    'first-secret and [secret]',
  ]);
});
