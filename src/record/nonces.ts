import type { Database, Transaction } from '../db/connect.ts';
import { transact } from '../db/transact.ts';
import type { UsedNonce, Verdict } from '../trust/trust.ts';
import { NONCE_USED } from '../trust/verdict.ts';
import type { Incoming } from './incoming.ts';
import { type Keyed, keysOf } from './left-out.ts';
import { rowsOf } from './rows.ts';

/** A message as far as it has a signature: one that can be recorded, or one that cannot. */
interface Signed extends Keyed {
  readonly nonce?: UsedNonce | undefined;
  readonly verdict?: Verdict | undefined;
}

/** A mail with a right signature: whoever comes first with a nonce has it, and nobody else after him. */
interface Claim {
  readonly nonce: UsedNonce;
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
  return message.verdict && isLost ? { ...message, verdict: withoutNonce(message.verdict) } : message;
}

function withoutNonce({ senderAuth }: Verdict): Verdict {
  return { trusted: NONCE_USED.trusted, reason: NONCE_USED.reason, senderAuth };
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
    const nonce = nonceOf(message);
    return nonce ? [{ nonce, keys: keysOf(message) }] : [];
  });
}

/** Of a right signature; undefined where there is none. */
export function nonceOf({ nonce, verdict }: Signed): UsedNonce | undefined {
  return nonce ?? verdict?.nonce;
}

async function claim(trx: Transaction, claims: readonly Claim[]): Promise<Owners> {
  const first = new Map([...claims].reverse().map((each) => [each.nonce.value, each]));
  // In one order everywhere, so that two daemons wait for each other and not both.
  const sorted = [...first.values()].sort((a, b) => (a.nonce.value < b.nonce.value ? -1 : 1));
  await rowsOf(
    trx,
    `insert into hmac_nonces (nonce, key_id, dedupe_key)
     select * from unnest(?::text[], ?::text[], ?::bytea[]) on conflict (nonce) do nothing`,
    [
      sorted.map(({ nonce }) => nonce.value),
      sorted.map(({ nonce }) => nonce.keyId),
      sorted.map(({ keys }) => keys[0] ?? null),
    ],
  );
  // A statement of its own: it sees what another daemon has committed while the insert waited for it.
  return ownersOf(trx, claims);
}

async function ownersOf(trx: Transaction, claims: readonly Claim[]): Promise<Owners> {
  const rows = await rowsOf<{ nonce: string; dedupe_key: Buffer }>(
    trx,
    'select nonce, dedupe_key from hmac_nonces where nonce = any(?)',
    [claims.map(({ nonce }) => nonce.value)],
  );
  return new Map(rows.map(({ nonce, dedupe_key }) => [nonce, dedupe_key]));
}

function settled(incoming: Incoming, owners: Owners): Incoming {
  const { untrusted } = incoming;
  const isLost = untrusted && claimsOf([incoming]).some((each) => isAnothers(each, owners));
  if (!isLost) return incoming;
  const { kind, ...counting } = untrusted;
  const message = { ...incoming.message, kind };
  return { ...incoming, ...counting, message, nonce: undefined, untrusted: undefined };
}

/** Whether a mail is trusted no more, since its nonce is another one's. */
function isAnothers({ nonce, keys }: Claim, owners: Owners): boolean {
  const owner = owners.get(nonce.value);
  return nonce.isDecisive && owner !== undefined && !keys.some((key) => key.equals(owner));
}
