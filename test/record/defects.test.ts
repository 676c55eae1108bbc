import { beforeEach, describe, expect, test } from 'vitest';
import type { Incoming } from '../../src/record/incoming.ts';
import { recordTogether } from '../../src/record/record-batch.ts';
import { deskOn } from '../desk/desk.ts';
import { useDatabase } from '../support/database.ts';
import { RECORDING, rows } from '../support/poll.ts';
import { incoming } from './story.ts';

const database = useDatabase();
const desk = deskOn(database);
const POLICY = { flood: RECORDING.flood };

beforeEach(() => desk.clear());

const good = (subject: string) => incoming({ From: 'ann@asker.example', Subject: subject });

/** JSON has no such number: our own code fails at the message, before anything is sent. */
async function bad(subject: string): Promise<Incoming> {
  const message = await good(subject);
  return { ...message, message: { ...message.message, cut: [1n as unknown as string] } };
}

const control = () => good('control');
const subjects = () => rows(database.db, 'select subject from interactions order by id');
const entries = () => rows(database.db, 'select stage, error from quarantine order by id');

describe('a mistake of ours that a message provokes', () => {
  test('holds nobody up: the message is quarantined alone, with where it came up', async () => {
    const batch = [await good('1'), await bad('2'), await good('3'), await good('4'), await bad('5')];
    expect(await recordTogether(database.db, batch, POLICY, control)).toMatchObject({
      recorded: 3,
      quarantined: [{ uid: batch[1]?.uid }, { uid: batch[4]?.uid }],
    });
    expect(await subjects()).toEqual(['1', '3', '4'].map((subject) => ({ subject })));
    const error = expect.stringMatching(/^TypeError: Do not know how to serialize a BigInt.* \(at .*\)$/s);
    expect(await entries()).toEqual([
      { stage: 'store', error },
      { stage: 'store', error },
    ]);
  });

  test('where it stands alone, the control tells that others could be recorded', async () => {
    const result = await recordTogether(database.db, [await bad('1')], POLICY, control);
    expect(result).toMatchObject({ recorded: 0, quarantined: [{ stage: 'store' }] });
    expect(await subjects()).toEqual([]);
  });

  test('where the control provokes it too, it is nobody’s fault: nothing is stored', async () => {
    const batch = [await bad('1'), await bad('2')];
    await expect(recordTogether(database.db, batch, POLICY, () => bad('control'))).rejects.toMatchObject({
      code: 'recording_broken',
      temporary: true,
    });
    expect(await entries()).toEqual([]);
    expect(await rows(database.db, 'select * from receipts')).toEqual([]);
  });

  test('where it does not come again, it was not the message', async () => {
    const message = await good('passing');
    let failures = 0;
    const once: Incoming = {
      ...message,
      get trusted(): boolean {
        failures += 1;
        if (failures === 1) throw new TypeError('cannot read properties of a connection that is going');
        return false;
      },
    };
    expect(await recordTogether(database.db, [once], POLICY, control)).toMatchObject({
      recorded: 1,
      quarantined: [],
    });
    expect(failures).toBeGreaterThan(1);
  });

  test('what cannot be decided is of the stage decide', async () => {
    const message = await good('undecided');
    const { directives } = message;
    const broken = { ...directives, case: { ...directives.case, labels: null as never } };
    const undecided = { ...message, directives: broken };
    await recordTogether(database.db, [await good('1'), undecided], POLICY, control);
    expect(await entries()).toEqual([
      { stage: 'decide', error: expect.stringMatching(/^cannot be decided: /) },
    ]);
    expect(await subjects()).toEqual([{ subject: '1' }]);
  });
});
