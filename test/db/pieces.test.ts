import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { needsPieces, storeInPieces } from '../../src/db/pieces.ts';
import { useDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

const MB = 1024 * 1024;

let id: number;

beforeAll(async () => {
  const [row] = await rows<{ id: number }>(
    database.db,
    `with new_case as (insert into cases (received_at) values (now()) returning id)
     insert into interactions (case_id, direction, kind, trusted, dedupe_key, received_at)
     select id, 'in', 'mail', false, decode(repeat('00', 33), 'hex'), now() from new_case returning id`,
  );
  id = row?.id ?? 0;
  await database.db.raw(
    `insert into raw_messages (interaction_id, size_bytes, sha256, content)
     values (?, 0, decode(repeat('00', 32), 'hex'), '')`,
    [id],
  );
  await database.db.raw(
    `insert into interaction_contents (interaction_id, body_text, headers, directives) values (?, '', '[]', '{}')`,
    [id],
  );
});

const raw = () =>
  ({ table: 'raw_messages', column: 'content', key: 'interaction_id', id, type: 'bytea' }) as const;
const text = (column: 'body_text' | 'body_html') =>
  ({ table: 'interaction_contents', column, key: 'interaction_id', id, type: 'text' }) as const;

/** Bytes of every value, nowhere the same as one piece before. */
function noise(length: number): Buffer {
  const buffer = Buffer.alloc(length);
  for (let index = 0; index < length; index += 1) buffer[index] = (index * 131 + (index >> 8) * 17) & 0xff;
  return buffer;
}

const digest = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

async function stored() {
  const [row] = await rows<Record<string, unknown>>(
    database.db,
    `select length(r.content) as bytes, encode(sha256(r.content), 'hex') as content,
       encode(sha256(convert_to(c.body_text, 'UTF8')), 'hex') as body_text,
       encode(sha256(convert_to(c.body_html, 'UTF8')), 'hex') as body_html
     from raw_messages r join interaction_contents c using (interaction_id) where interaction_id = ?`,
    [String(id)],
  );
  return row;
}

describe('storeInPieces', () => {
  it('says what is worth it', () => {
    expect([needsPieces(0), needsPieces(4 * MB), needsPieces(4 * MB + 1)]).toEqual([false, false, true]);
  });

  it('puts 9 MB of bytes together, in order', async () => {
    const content = noise(9 * MB + 5);
    await database.db.transaction((trx) => storeInPieces(trx, raw(), content));
    expect(await stored()).toMatchObject({ bytes: content.length, content: digest(content) });
  });

  it('takes more than ten pieces in the order of their numbers, not of their texts', async () => {
    const content = noise(45 * MB);
    await database.db.transaction((trx) => storeInPieces(trx, raw(), content));
    expect(await stored()).toMatchObject({ bytes: content.length, content: digest(content) });
  });

  it.each([1, 2, 3])('keeps characters that a border cuts after byte %s', async (offset) => {
    // Four bytes each, so that the borders at 4 MB and 8 MB fall into one.
    const content = 'x'.repeat(offset) + '👍'.repeat((9 * MB) / 4);
    await database.db.transaction((trx) =>
      storeInPieces(trx, text('body_text'), Buffer.from(content, 'utf8')),
    );
    expect(await stored()).toMatchObject({ body_text: digest(content) });
  });

  it('stores several in one transaction, a long one before a short one', async () => {
    const content = noise(13 * MB);
    const plain = `${'Grüße, 日本 '.repeat(MB)}\\x00 'end'`;
    const html = '<p>ü</p>'.repeat(MB);
    await database.db.transaction(async (trx) => {
      await storeInPieces(trx, raw(), content);
      await storeInPieces(trx, text('body_text'), Buffer.from(plain, 'utf8'));
      await storeInPieces(trx, text('body_html'), Buffer.from(html, 'utf8'));
    });
    expect(await stored()).toEqual({
      bytes: content.length,
      content: digest(content),
      body_text: digest(plain),
      body_html: digest(html),
    });
  });

  it('two transactions at once do not see each other, and nothing of either remains beside the row', async () => {
    const content = noise(5 * MB);
    const plain = 'ä'.repeat(3 * MB);
    await Promise.all([
      database.db.transaction((trx) => storeInPieces(trx, raw(), content)),
      database.db.transaction((trx) => storeInPieces(trx, text('body_text'), Buffer.from(plain))),
    ]);
    expect(await stored()).toMatchObject({ content: digest(content), body_text: digest(plain) });
    expect(await rows(database.db, `select relname from pg_class where relname = 'pieces'`)).toEqual([]);
  });

  it('goes with its transaction', async () => {
    const before = await stored();
    const failing = database.db.transaction(async (trx) => {
      await storeInPieces(trx, raw(), noise(6 * MB));
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await stored()).toEqual(before);
  });
});
