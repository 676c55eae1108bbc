import type { Database } from '../db/connect.ts';

/** Which of these Message-IDs (bare) an interaction has already. Reads only. */
export async function findKnownMessageIds(db: Database, messageIds: readonly string[]): Promise<Set<string>> {
  const { rows } = (await db.raw(
    'select distinct message_id from interactions where message_id = any(?::text[])',
    [[...messageIds]],
  )) as { rows: { message_id: string }[] };
  return new Set(rows.map(({ message_id }) => message_id));
}
