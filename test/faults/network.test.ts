import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { SEED } from '../support/seed.ts';
import { NETWORK_FAULTS, type NetworkFault } from './faulty-wire.ts';
import { disturbedNetwork, type Planned, stepsOf } from './network.ts';
import type { Chance } from './random.ts';
import { IS_LONG } from './scaled.ts';
import type { Wire } from './steps.ts';

const WIRES = ['imap', 'postgres'] as const;
const FAULTS = Object.keys(NETWORK_FAULTS) as NetworkFault[];

/** Faults at random in the long run, of all kinds. */
const AT_RANDOM = 60;

/** So many pieces, at the most, pass before a fault at random: some polls. */
const MOST_PIECES = 150;

/** Each in a transaction takes as long as the server waits for its client, so not all steps have their turn in each run. */
const MOST_STALLED = 16;

/** Where it hurts: what was done and not heard of, what was said and not done. */
const NASTIEST: Readonly<Record<Wire, readonly string[]>> = {
  imap: ['before imap UID STORE', 'after imap UID STORE', 'after imap UID FETCH bodies', 'after imap SELECT'],
  postgres: [
    'before postgres commit after insert receipts',
    'after postgres commit after insert receipts',
    'before postgres insert interactions',
    'after postgres insert interactions',
  ],
};

const timeout = IS_LONG ? 3_000_000 : 120_000;

let dovecot: Dovecot;

beforeAll(async () => {
  dovecot = await startDovecot();
});

afterAll(() => dovecot.stop());

const SILENT = ['stalled', 'dead', 'deaf', 'mute'] as const;
const QUICK = ['cut', 'reset', 'drip', 'delay'] as const;

/** A silence, which a poll has to end by itself, on one wire, and something that it hears of on the other. */
function nastiest(luck: Chance): Planned[] {
  const [one = 'imap', other = 'postgres'] = luck.shuffle(WIRES);
  return luck.shuffle([planned(luck, one, luck.pick(SILENT)), planned(luck, other, luck.pick(QUICK))]);
}

function planned(luck: Chance, wire: Wire, fault: NetworkFault): Planned {
  return { wire, fault, at: luck.pick(NASTIEST[wire]) };
}

it(`the network fails where it hurts (FUZZ_SEED=${SEED})`, { timeout }, () =>
  disturbedNetwork('the network, where it hurts', dovecot, async ({ luck }) => nastiest(luck)),
);

// Daemons wait most of the time, so that several can be disturbed side by side (maxConcurrency).
describe.runIf(IS_LONG).concurrent('the network fails', () => {
  const rows = WIRES.flatMap((wire) => FAULTS.map((fault) => ({ wire, fault })));

  it.each(rows)(`$wire, $fault, in every step (FUZZ_SEED=${SEED})`, { timeout }, ({ wire, fault }) =>
    disturbedNetwork(`${wire}: ${NETWORK_FAULTS[fault]}`, dovecot, async (scene, wires) => {
      const steps = await stepsOf(wires, wire, scene);
      expect(steps).toEqual(expect.arrayContaining([...NASTIEST[wire]]));
      const most = fault === 'stalled' && wire === 'postgres' ? MOST_STALLED : steps.length;
      return scene.luck
        .shuffle(steps)
        .slice(0, most)
        .map((at) => ({ wire, fault, at }));
    }),
  );

  it(`${AT_RANDOM} times at random (FUZZ_SEED=${SEED})`, { timeout }, () =>
    disturbedNetwork('the network, at random', dovecot, async ({ luck }) =>
      Array.from({ length: AT_RANDOM }, () => ({
        wire: luck.pick(WIRES),
        fault: luck.pick(FAULTS),
        at: luck.between(0, MOST_PIECES),
      })),
    ),
  );
});
