import type { Database } from '../db/connect.ts';

/** What was downloaded from an account within one hour. */
export interface DownloadedHour {
  /** The beginning of the hour. */
  readonly hour: Date;
  readonly bytes: number;
}

/** Hours older than this tell nothing any more and are taken away, in hours. */
const KEPT_HOURS = 48;

/** What was downloaded from an account in the last 24 hours, by whole hours: the one in which they began counts in full. */
export async function findDownloads(db: Database, account: string): Promise<DownloadedHour[]> {
  const { rows } = (await db.raw(
    `select hour, bytes from downloads where account = ? and hour > now() - interval '25 hours' order by hour`,
    [account],
  )) as { rows: { hour: Date; bytes: string | number }[] };
  return rows.map(({ hour, bytes }) => ({ hour, bytes: Number(bytes) }));
}

/** Notes what is about to be downloaded. @returns the hour that it was added to, by the database's clock */
export async function addDownload(db: Database, account: string, bytes: number): Promise<Date> {
  const { rows } = (await db.raw(
    `with over as (
       delete from downloads where account = :account and hour < now() - make_interval(hours => :kept))
     insert into downloads as d (account, hour, bytes)
     values (:account, date_trunc('hour', now(), 'UTC'), :bytes)
     on conflict (account, hour) do update set bytes = d.bytes + excluded.bytes
     returning hour`,
    { account, bytes: Math.round(bytes), kept: KEPT_HOURS },
  )) as { rows: [{ hour: Date }] };
  return rows[0].hour;
}

/** Sets right what was added to an hour, once it is known how much came. @param bytes more, or less where negative */
export async function correctDownload(
  db: Database,
  account: string,
  hour: Date,
  bytes: number,
): Promise<void> {
  await db.raw(`update downloads set bytes = greatest(bytes + ?, 0) where account = ? and hour = ?`, [
    Math.round(bytes),
    account,
    hour,
  ]);
}
