// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write, and no promise.
import { getEventListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { LimitsConfig, RecordingConfig } from '../../src/config/schema.ts';
import { Judges } from '../../src/judge/judges.ts';
import type { Incoming } from '../../src/record/incoming.ts';
import type { Unrecordable } from '../../src/record/quarantine.ts';
import { mail } from '../support/mail.ts';
import { NO_AUTHENTICATION, RECORDING } from '../support/poll.ts';

const MEGABYTE = 1024 * 1024;
const PLACE = { folderId: 1, uidValidity: 1 };
const MISBEHAVING = new URL('./misbehaving-worker.ts', import.meta.url);

const open: Judges[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((judges) => judges.close()));
});

function judgesWith(limits: Partial<LimitsConfig> = {}, worker = MISBEHAVING): Judges {
  const judges = new Judges(
    { limits: { ...RECORDING.limits, parse_time: 15_000, parse_memory: 64 * MEGABYTE, ...limits } },
    worker,
  );
  open.push(judges);
  return judges;
}

let uid = 0;

/** Judges mails with these texts, all at once. */
function judgeAll(
  judges: Judges,
  texts: readonly string[],
  signal?: AbortSignal,
  recording: Pick<RecordingConfig, 'headers' | 'rules' | 'cases' | 'limits'> = RECORDING,
) {
  const judge = judges.judgeFor(
    { name: 'support', trust: 'all', own: ['example.com'], authentication: NO_AUTHENTICATION },
    { path: 'INBOX', role: 'inbox' },
    recording,
  );
  return Promise.all(
    texts.map((text) => {
      uid += 1;
      const source = Buffer.from(
        mail({ From: 'joe@example.net', Subject: 'x', 'x-desk-case-status': 'open' }, text),
      );
      return judge(PLACE, { uid, sizeBytes: source.length, receivedAt: new Date(0), source }, { signal });
    }),
  );
}

function told(outcome: Incoming | Unrecordable | undefined): string {
  if (outcome === undefined) return 'nothing';
  return 'error' in outcome
    ? `${outcome.stage}: ${outcome.error}`
    : `judged: ${outcome.message.text?.trim()}`;
}

describe('a message that misbehaves in the parser is set aside, and the others are judged', {
  timeout: 60_000,
}, () => {
  // What must not be over time has time: a busy machine takes a while to start a thread.
  const HURRIED = { parse_time: 2_000 };
  test.each<[string, RegExp, Partial<LimitsConfig>?]>([
    [
      'please hang',
      /^parse: cannot be parsed: it took longer than 2000 ms \(limits.parse_time\), twice$/,
      HURRIED,
    ],
    ['please hang in a pattern', /it took longer than 2000 ms/, HURRIED],
    ['please never answer', /it took longer than 2000 ms/, HURRIED],
    [
      'please fill the heap',
      /^parse: cannot be parsed: it took more than 64 MB of memory \(limits.parse_memory\), twice$/,
    ],
    ['please fill buffers', /it took more than 64 MB of memory/],
    ['please exit', /^parse: cannot be parsed: its thread ended/],
    ['please throw', /its thread ended \(a defect of the parser\), twice$/],
    ['please throw later', /^parse: cannot be parsed: its thread ended/],
  ])('%s', async (text, expected, limits = {}) => {
    const judges = judgesWith(limits);
    const others = Array.from({ length: 6 }, (_, i) => `other ${i}`);
    const outcomes = await judgeAll(judges, [...others.slice(0, 3), text, ...others.slice(3)]);
    expect(told(outcomes[3])).toMatch(expected);
    expect([...outcomes.slice(0, 3), ...outcomes.slice(4)].map(told)).toEqual(
      others.map((each) => `judged: ${each}`),
    );
    // The threads go on afterwards.
    expect((await judgeAll(judges, ['after'])).map(told)).toEqual(['judged: after']);
  });

  test('it keeps its bytes and its verdict', async () => {
    const [outcome] = await judgeAll(judgesWith(), ['please throw']);
    expect(outcome).toMatchObject({ stage: 'parse', verdict: { trusted: true } });
    expect((outcome as Unrecordable).source?.toString()).toContain('please throw');
  });

  test('several at once', async () => {
    const texts = [
      'please hang',
      'one',
      'please exit',
      'two',
      'please fill the heap',
      'three',
      'please hang',
    ];
    const outcomes = (await judgeAll(judgesWith({ parse_time: 3_000 }), texts)).map(told);
    expect(outcomes.filter((each) => each.startsWith('judged'))).toEqual([
      'judged: one',
      'judged: two',
      'judged: three',
    ]);
    expect(outcomes.filter((each) => each.startsWith('parse: cannot be parsed'))).toHaveLength(4);
  });

  test('one that was only slow is tried again, alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mailcase-judges-'));
    try {
      const text = `please hang once, as ${join(folder, 'tried')} says`;
      const outcomes = await judgeAll(judgesWith({ parse_time: 4_000 }), ['one', text, 'two']);
      expect(outcomes.map(told)).toEqual(['judged: one', `judged: ${text}`, 'judged: two']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('what is nobody’s fault', { timeout: 60_000 }, () => {
  test('a stop while a message hangs', async () => {
    const judges = judgesWith({ parse_time: 60_000 });
    const judged = judgeAll(judges, ['please hang', 'please hang', 'please hang']);
    judged.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await judges.close();
    await expect(judged).rejects.toMatchObject({ code: 'stopped' });
  });

  test('a poll that is cut off', async () => {
    const cut = new AbortController();
    const judges = judgesWith({ parse_time: 60_000 });
    const judged = judgeAll(judges, ['please hang', 'please hang', 'waits'], cut.signal);
    setTimeout(() => cut.abort(), 1_500);
    await expect(judged).rejects.toMatchObject({ code: 'stopped' });
    expect((await judgeAll(judges, ['after'])).map(told)).toEqual(['judged: after']);
  });

  test('a poll that is cut off while its message waits for those of others', async () => {
    const cut = new AbortController();
    const judges = judgesWith({ parse_time: 60_000 });
    // More than there are threads.
    const others = judgeAll(judges, Array(5).fill('please hang'));
    others.catch(() => {});
    const waits = judgeAll(judges, Array(20).fill('waits'), cut.signal);
    setTimeout(() => cut.abort(), 1_000);
    expect(getEventListeners(cut.signal, 'abort')).toHaveLength(1);
    await expect(waits).rejects.toMatchObject({ code: 'stopped' });
    expect(getEventListeners(cut.signal, 'abort')).toEqual([]);
    await judges.close();
    await expect(others).rejects.toMatchObject({ code: 'stopped' });
  });

  test('nor does one that waits to be alone hold up others when its poll is cut off', async () => {
    const cut = new AbortController();
    const judges = judgesWith({ parse_time: 60_000 });
    const other = judgeAll(judges, ['please hang']);
    other.catch(() => {});
    const waits = judgeAll(judges, ['please exit'], cut.signal);
    setTimeout(() => cut.abort(), 3_000);
    const after = judgeAll(judges, ['after']);
    await expect(waits).rejects.toMatchObject({ code: 'stopped' });
    expect((await after).map(told)).toEqual(['judged: after']);
    await judges.close();
    await expect(other).rejects.toMatchObject({ code: 'stopped' });
  });

  test('threads that cannot be started', async () => {
    const judges = judgesWith({}, new URL('./not-there.ts', import.meta.url));
    await expect(judgeAll(judges, ['a', 'b', 'c'])).rejects.toMatchObject({
      code: 'parser_threads',
      temporary: true,
      message: expect.stringContaining('not-there.ts'),
    });
  });
});

test('what a thread says is what would have been said here', async () => {
  const judges = judgesWith({}, undefined);
  const [outcome] = await judgeAll(judges, ['hello']);
  expect(outcome).toMatchObject({
    direction: 'in',
    trusted: true,
    directives: { case: { status: 'open', custom_fields: new Map() } },
    receivedAt: new Date(0),
  });
  expect(Buffer.isBuffer((outcome as Incoming).dedupeKey)).toBe(true);
  expect((outcome as Incoming).message.headers.first('subject')?.value).toBe('x');
});

test('what is not changed is made ready once, however often it is polled; other rules are another setup', async () => {
  const judges = judgesWith();
  const which = async (rules: RecordingConfig['rules']) => {
    const recording = { ...RECORDING, rules };
    return (await judgeAll(judges, ['please say which setup'], undefined, recording)).map(told);
  };
  const rule = (label: string) => [{ name: 'all', then: { add: { 'case.labels': [label] } } }];
  const first = await which(rule('a'));
  expect(first[0]).toMatch(/setup \d+$/);
  expect(await which(rule('a'))).toEqual(first);
  const other = await which(rule('b'));
  expect(other).not.toEqual(first);
  expect(await which(rule('b'))).toEqual(other);
  expect(await which(rule('a'))).toEqual(first);
});
