import type { Database, Transaction } from '../db/connect.ts';
import { transact } from '../db/transact.ts';
import type { Nonce, UsedNonces, Verdict } from '../trust/trust.ts';
import { withoutSignatures } from '../trust/verdict.ts';
import type { Incoming } from './incoming.ts';
import { type Keyed, keysOf } from './left-out.ts';
import { rowsOf } from './rows.ts';

/** A message as far as it has a signature: one that can be recorded, or one that cannot. */
interface Signed extends Keyed {
  readonly nonces?: UsedNonces | undefined;
  readonly verdict?: Verdict | undefined;
}

/** A mail with right signatures: whoever comes first with a nonce has it, and nobody else after him. */
interface Claim {
  readonly nonces: UsedNonces;
  /** Under which keys its mail is known: the first one is kept. */
  readonly keys: readonly Buffer[];
}

/** To whom nonces belong: the key of the mail that came first. */
type Owners = ReadonlyMap<string, Buffer>;

/**
 * Takes the nonces of a batch, which then are theirs for ever: a mail that is sent again with a signature of another one
 * becomes ordinary mail. Of several mails with one nonce, the first one has it, here or in another daemon, for which the
 * insert waits.
 *
 * @returns the batch, with what its mails come to
 */
export async function takeNonces(trx: Transaction, batch: readonly Incoming[]): Promise<Incoming[]> {
  const owners = await claim(trx, claimsOf(batch));
  return batch.map((incoming) => settled(incoming, owners));
}

/** The same for whoever only wants to know: nothing is taken. */
export async function lookUpNonces(db: Database, incoming: Incoming): Promise<Incoming> {
  return settled(
    incoming,
    await db.transaction((trx) => ownersOf(trx, claimsOf([incoming])), { readOnly: true }),
  );
}

/** Takes the nonce of a message that is set aside, so that nobody else can use it while it waits. */
export async function takeNonceOf<T extends Signed>(trx: Transaction, message: T): Promise<T> {
  const claims = claimsOf([message]);
  const owners = await claim(trx, claims);
  const isLost = claims.some((each) => isAnothers(each, owners));
  return message.verdict && isLost ? { ...message, verdict: withoutSignatures(message.verdict) } : message;
}

/**
 * Takes nonces in a transaction of its own, before other mail is recorded that could have them.
 *
 * @param messages who stands first comes first
 */
export async function holdNonces(db: Database, messages: readonly Signed[]): Promise<void> {
  const claims = claimsOf(messages);
  if (claims.length > 0) await transact(db, (trx) => claim(trx, claims));
}

function claimsOf(messages: readonly Signed[]): Claim[] {
  return messages.flatMap((message) => {
    const nonces = noncesOf(message);
    return nonces ? [{ nonces, keys: keysOf(message) }] : [];
  });
}

/** Of right signatures; undefined where there is none. */
export function noncesOf({ nonces, verdict }: Signed): UsedNonces | undefined {
  return nonces ?? verdict?.nonces;
}

async function claim(trx: Transaction, claims: readonly Claim[]): Promise<Owners> {
  const each = claims.flatMap(({ nonces, keys: [key] }) =>
    nonces.byWay.flat().map((nonce) => ({ ...nonce, key: key ?? null })),
  );
  const first = new Map([...each].reverse().map((one) => [one.value, one]));
  // In one order everywhere, so that two daemons wait for each other and not both.
  const sorted = [...first.values()].sort((a, b) => (a.value < b.value ? -1 : 1));
  await rowsOf(
    trx,
    `insert into used_signatures (nonce, key_id, dedupe_key)
     select * from unnest(?::text[], ?::text[], ?::bytea[]) on conflict (nonce) do nothing`,
    [sorted.map(({ value }) => value), sorted.map(({ keyId }) => keyId), sorted.map(({ key }) => key)],
  );
  // A statement of its own: it sees what another daemon has committed while the insert waited for it.
  return ownersOf(trx, claims);
}

async function ownersOf(trx: Transaction, claims: readonly Claim[]): Promise<Owners> {
  const rows = await rowsOf<{ nonce: string; dedupe_key: Buffer }>(
    trx,
    'select nonce, dedupe_key from used_signatures where nonce = any(?)',
    [claims.flatMap(({ nonces }) => nonces.byWay.flat().map(({ value }) => value))],
  );
  return new Map(rows.map(({ nonce, dedupe_key }) => [nonce, dedupe_key]));
}

function settled(incoming: Incoming, owners: Owners): Incoming {
  const { untrusted } = incoming;
  const isLost = untrusted && claimsOf([incoming]).some((each) => isAnothers(each, owners));
  if (!isLost) return incoming;
  const { kind, ...counting } = untrusted;
  const message = { ...incoming.message, kind };
  return { ...incoming, ...counting, message, nonces: undefined, untrusted: undefined };
}

/** Whether a mail is trusted no more, since by each way a signature of it is another mail's. */
function isAnothers({ nonces: { byWay, isDecisive }, keys }: Claim, owners: Owners): boolean {
  const isLost = ({ value }: Nonce) => {
    const owner = owners.get(value);
    return owner !== undefined && !keys.some((key) => key.equals(owner));
  };
  return isDecisive && byWay.every((nonces) => nonces.some(isLost));
}
