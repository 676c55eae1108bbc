import type { Database } from '../db/connect.ts';
import { rows } from '../db/rows.ts';

export type CaseName = { readonly id: number } | { readonly externalId: string };

export interface FoundCase {
  /** The case that stands for what was named. */
  readonly id: number;
  /** The one that was named, where it was merged into the other. */
  readonly merged_id: number | null;
}

/** @returns the case of that name, the one into which it was merged where that is so */
export async function findCase(db: Database, name: CaseName): Promise<FoundCase | undefined> {
  const [column, value] = 'id' in name ? ['id', name.id] : ['external_id', name.externalId];
  const [found] = await rows<FoundCase>(
    db,
    `select coalesce(merged_into, id) as id, case when merged_into is not null then id end as merged_id
     from cases where ${column} = ?`,
    [value],
  );
  return found;
}

/** The number of the case that was the last to begin. */
export async function latestCase(db: Database): Promise<number | undefined> {
  const [found] = await rows<{ id: number }>(db, 'select id from cases order by id desc limit 1', []);
  return found?.id;
}
