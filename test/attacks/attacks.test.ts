import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { ATTACKS, HONEST } from './all.ts';
import type { BoxName } from './boxes.ts';
import { COPIES } from './copies.ts';
import { RECORDS } from './dkim-keys.ts';
import { victim } from './letters.ts';
import { casesOf, makeVictims, type Outcome, openScene, outcomesOf, type Place } from './scene.ts';
import { AS_COLLEAGUE, AS_SENT, AS_STRANGER, type Ordinary } from './table.ts';

/*
 * Mail that asks for what its sender may not have, each about another customer's case, and honest mail of the same
 * shapes beside it: handed to a real server and polled. An attack is recorded as ordinary mail, with the reason, and
 * changes nothing of the case; the honest mail is applied.
 */
const attacks = ATTACKS.map((row, index) => ({ row, target: victim(index + 1) }));
const honest = HONEST.map((row, index) => ({ row, target: victim(ATTACKS.length + index + 1) }));
const copies = COPIES.map((row, index) => ({
  row,
  target: victim(ATTACKS.length + HONEST.length + index + 1),
}));
const all = [...attacks, ...honest, ...copies];

/** Longer than `authentication.wait` of the mailboxes. */
const WAIT_MS = 1_200;

const database = useDatabase();
let dns: DnsServer;
let before: Map<string, unknown>;
let after: Map<string, unknown>;
/** After the first poll, and after the last. */
let early: Map<string, Outcome>;
let outcomes: Map<string, Outcome>;
const places = new Map<string, Place>();

beforeAll(async () => {
  const started = performance.now();
  const { db } = database;
  dns = await startDnsServer(RECORDS);
  const scene = await openScene(db, dns.address, [...new Set(all.map(({ row }) => row.box))]);
  await makeVictims(
    db,
    all.map(({ target }) => target),
  );
  for (const { row, target } of attacks) {
    if (row.before) places.set(`before ${row.name}`, await scene.deliver(row.box, row.before(target)));
  }
  const originals = copies.map(({ row, target }) => ({ row, mail: String(row.mail(target)) }));
  for (const { row, mail } of originals) await scene.deliver(row.box, mail);
  await scene.poll();
  before = await casesOf(db);
  for (const { row, target } of [...attacks, ...honest]) {
    places.set(row.name, await scene.deliver(row.box, row.mail(target)));
  }
  for (const { row, mail } of originals) {
    places.set(row.name, await scene.deliver(row.box, row.again(mail)));
  }
  await scene.poll();
  early = await outcomesOf(db);
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  await scene.poll();
  after = await casesOf(db);
  outcomes = await outcomesOf(db);
  if (process.env.ATTACK_TABLE === '1') print(performance.now() - started);
}, 300_000);

afterAll(() => dns.stop());

const outcomeOf = (name: string) => {
  const place = places.get(name);
  const outcome = place && outcomes.get(`${place.box}/${place.uid}`);
  if (outcome === undefined) throw new Error(`${name}: nothing was recorded`);
  return outcome;
};

/** What a mail comes to where nothing speaks for it. */
function ordinary({ row, target }: (typeof attacks)[number]): Ordinary {
  const { as = {} } = row;
  const more = typeof as === 'function' ? as(target) : as;
  return { refused: true, senderAuth: 'none', ...BY_BOX[row.box](target), ...more } as Ordinary;
}

const BY_BOX: Readonly<Record<BoxName, (target: (typeof attacks)[number]['target']) => Partial<Ordinary>>> = {
  plain: () => AS_STRANGER,
  secret: () => AS_STRANGER,
  hmac: AS_SENT,
  results: () => ({ ...AS_COLLEAGUE, senderAuth: 'fail' }),
  bytes: () => ({ ...AS_COLLEAGUE, senderAuth: 'fail' }),
  gmail: () => ({ ...AS_COLLEAGUE, senderAuth: 'fail' }),
  several: () => ({ ...AS_COLLEAGUE, senderAuth: 'fail' }),
  verified: () => ({ ...AS_COLLEAGUE, senderAuth: 'fail' }),
};

/** What of a case a mail that lies in it does not change by that. */
function untouched(known: unknown): unknown {
  const { status, labels, customer_id, external_id, subject } = (known as { case: Record<string, unknown> })
    .case;
  return { status, labels, customer_id, external_id, subject };
}

const reasonOf = ({ directives }: Outcome) =>
  directives.decided.find(({ what }) => what === 'trust')?.why ?? '';

describe('an attack', () => {
  it.each(attacks)('$row.name: $row.does', ({ row, target }) => {
    const outcome = outcomeOf(row.name);
    const { refused, senderAuth, ...as } = ordinary({ row, target });
    const { directives, ...rest } = outcome;
    expect({ ...rest, why: reasonOf(outcome) }).toMatchObject({
      ...{ outcome: 'recorded', trusted: false, sender_auth: senderAuth, ...as },
      ...{ external_id: row.joins ? target.order : null, why: expect.stringMatching(row.why) },
    });
    expect(directives.applied).toEqual([]);
    expect(directives.refused.some(({ by }) => by.startsWith('x-desk-'))).toBe(refused);
    // Reply-To can be refused too, for a reason of its own.
    for (const { by, reason } of directives.refused) {
      if (by.startsWith('x-desk-')) expect(reason).toBe(`not trusted: ${reasonOf(outcome)}`);
    }
    if (row.joins)
      expect(after.get(target.order)).toMatchObject({ case: untouched(before.get(target.order)) });
    else expect(after.get(target.order)).toEqual(before.get(target.order));
    if (row.before)
      expect(outcomeOf(`before ${row.name}`)).toMatchObject({ trusted: true, status: 'resolved' });
  });
});

describe('a copy of an honest mail', () => {
  it.each(copies)('$row.name: $row.does', ({ row, target }) => {
    expect(outcomeOf(row.name)).toMatchObject({ outcome: 'duplicate', trusted: true, status: 'resolved' });
    expect(after.get(target.order)).toEqual(before.get(target.order));
  });
});

describe('an honest mail', () => {
  it.each(honest)('$row.name', ({ row, target }) => {
    const outcome = outcomeOf(row.name);
    const { directives, ...rest } = outcome;
    const senderAuth = ['plain', 'secret'].includes(row.box) ? 'none' : 'pass';
    expect({ ...rest, why: reasonOf(outcome) }).toMatchObject({
      ...{ outcome: 'recorded', trusted: true, sender_auth: row.senderAuth ?? senderAuth, direction: 'out' },
      ...{
        customer: target.address,
        external_id: target.order,
        status: expect.stringMatching(/^(resolved|closed)$/),
      },
    });
    expect(directives).toMatchObject({ refused: [] });
    expect(directives.applied.length).toBeGreaterThan(3);
  });
});

it('whose key cannot be looked up is put off, and only then recorded', () => {
  const awaited = attacks.filter(({ row }) => row.isAwaited).map(({ row }) => places.get(row.name));
  const others = [...places.values()].filter((place) => !awaited.includes(place));
  expect(others.filter(({ box, uid }) => !early.has(`${box}/${uid}`))).toEqual([]);
  for (const place of awaited) expect(early.has(`${place?.box}/${place?.uid}`)).toBe(false);
});

it('was about cases that are there', () => {
  expect(new Set([...attacks, ...honest].map(({ row }) => row.name)).size).toBe(
    attacks.length + honest.length,
  );
  for (const { target } of all) {
    // The number that subjects name, too.
    expect(before.get(target.order)).toMatchObject({
      case: { id: target.number },
      customer: { company: 'Before' },
    });
  }
});

function print(ms: number): void {
  const lines = all.map(({ row }) => {
    const outcome = outcomes.get(`${places.get(row.name)?.box}/${places.get(row.name)?.uid}`);
    const said = outcome?.outcome === 'duplicate' ? 'copy    ' : outcome?.trusted ? 'APPLIED ' : 'ordinary';
    return `${row.box.padEnd(8)} ${row.name.padEnd(44)} ${said} ${outcome?.sender_auth ?? '?'}  ${outcome ? reasonOf(outcome) : 'not recorded'}`;
  });
  const counts = `${attacks.length} attacks, ${copies.length} copies, ${honest.length} honest mails, ${(ms / 1_000).toFixed(1)} s`;
  process.stdout.write(`${lines.join('\n')}\n${counts}\n`);
}
