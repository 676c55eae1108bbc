import type { Database } from '../db/connect.ts';

/** Whose a mailbox is. Times are the database's, whose clock all daemons share. */
export type Claim =
  | {
      readonly isOurs: true;
      /** Who had it before, and did not say it anew in time; undefined where nobody else had it. */
      readonly takenFrom: string | undefined;
    }
  | {
      readonly isOurs: false;
      readonly holder: string;
      /** For how long it is the holder's unless he says it anew, in milliseconds. */
      readonly leftMs: number;
    };

interface ClaimRow {
  readonly is_ours: boolean;
  readonly lease_holder: string;
  readonly left_ms: number;
  readonly before: string | null;
}

/** No lease is longer (see the option `lease`): one that seems so was given before the database's clock was set back. */
const LONGEST = '2 hours';

/** Whether a lease can be taken; asked of the row itself, which is locked by then, so that of two who come one gets it. */
const IS_FREE = `m.lease_holder is null or m.lease_holder = excluded.lease_holder or m.leased_until <= now()
  or m.leased_until > now() + interval '${LONGEST}'`;

/**
 * Takes the lease of a mailbox, or says it anew, where no other daemon has it.
 *
 * @param name the mailbox's, which is registered if need be
 * @param holder tells one daemon from all others
 * @param ms for how long
 */
export async function claimLease(db: Database, name: string, holder: string, ms: number): Promise<Claim> {
  const { rows } = (await db.raw(
    `with before as (select lease_holder from mailboxes where name = :name)
     insert into mailboxes as m (name, lease_holder, leased_until)
     values (:name, :holder, now() + :ms * interval '1 millisecond')
     on conflict (name) do update set
       lease_holder = case when ${IS_FREE} then excluded.lease_holder else m.lease_holder end,
       leased_until = case when ${IS_FREE} then excluded.leased_until else m.leased_until end
     returning lease_holder = :holder as is_ours, lease_holder,
       extract(epoch from leased_until - now())::float8 * 1000 as left_ms,
       (select lease_holder from before) as before`,
    { name, holder, ms },
  )) as { rows: [ClaimRow] };
  const [row] = rows;
  if (!row.is_ours) return { isOurs: false, holder: row.lease_holder, leftMs: Math.max(0, row.left_ms) };
  const isTaken = row.before !== null && row.before !== holder;
  return { isOurs: true, takenFrom: isTaken ? (row.before ?? undefined) : undefined };
}

/** Says leases anew. @returns the names of the mailboxes that are still the holder's */
export async function renewLeases(
  db: Database,
  names: readonly string[],
  holder: string,
  ms: number,
): Promise<string[]> {
  const { rows } = (await db.raw(
    `update mailboxes set leased_until = now() + :ms * interval '1 millisecond'
     where name = any(:names) and lease_holder = :holder returning name`,
    { names: names as string[], holder, ms },
  )) as { rows: { name: string }[] };
  return rows.map(({ name }) => name);
}

/** Gives leases back, so that another daemon need not wait for their end. */
export async function releaseLeases(db: Database, names: readonly string[], holder: string): Promise<void> {
  await db.raw(
    `update mailboxes set lease_holder = null, leased_until = null
     where name = any(:names) and lease_holder = :holder`,
    { names: names as string[], holder },
  );
}
