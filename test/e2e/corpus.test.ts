import { existsSync, readdirSync } from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, dropDatabase, type TestDatabase } from '../support/database.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';
import { CORPORA, type Expected } from './corpora.ts';

const MAIL = fileURLToPath(new URL('../../../shared/mail/', import.meta.url));

describe('mail that nobody here wrote, polled', () => {
  if (!existsSync(MAIL)) {
    it('is not here', () => {
      process.stderr.write('../shared/mail is not here (a clone elsewhere): its mail is not polled\n');
    });
    return;
  }

  let server: Dovecot;
  beforeAll(async () => {
    server = await startDovecot();
  });
  afterAll(() => server.stop());

  for (const [corpus, expected] of Object.entries(CORPORA)) {
    it.each(['none', 'all'] as const)(
      `${corpus}, trust: %s: every message is recorded`,
      { timeout: 120_000 },
      async (trust) => {
        const database = await createDatabase(`corpus_${corpus}_${trust}`);
        const files = readdirSync(join(MAIL, corpus))
          .filter((name) => name.endsWith('.eml'))
          .sort();
        const user = `${corpus}-${trust}@example.com`;
        const inbox = server.maildir(user);
        // As they are: LMTP would add fields, and change line ends.
        for (const [index, file] of files.entries()) {
          const name = `${1_700_000_000 + index}.M${String(index).padStart(6, '0')}.corpus`;
          await copyFile(join(MAIL, corpus, file), join(inbox, 'new', name));
        }
        const { imapPort: port } = server;
        const mailbox = await loadMailbox(user, { imap: { port, password: server.password }, trust });
        const { problem } = await poll(database.db, mailbox);
        expect(problem).toBeUndefined();
        const found = await outcomes(database, files);
        if (process.env.CORPUS_TABLE === '1') print(corpus, trust, found);
        expect(found).toEqual(expected);
        for (const [original, copies] of Object.entries(found.duplicates)) {
          const first = identity(await readFile(join(MAIL, corpus, original)));
          for (const copy of copies) {
            expect(identity(await readFile(join(MAIL, corpus, copy))), copy).toBe(first);
          }
        }
        await database.db.destroy();
        await dropDatabase(database.url);
      },
    );
  }
});

/** What became of each file, told from the tables: UIDs are in the order of the files. */
async function outcomes({ db }: TestDatabase, files: readonly string[]): Promise<Expected> {
  const receipts = await rows<{
    uid: number;
    outcome: string;
    of: number | null;
    error: string | null;
    cut: string[] | null;
  }>(
    db,
    `select r.uid::int, r.outcome, first.uid::int as of, q.error, i.cut
     from receipts r left join quarantine q using (folder_id, uid_validity, uid)
       left join interactions i on i.id = r.interaction_id
       left join receipts first on first.interaction_id = i.id and first.outcome = 'recorded'
     order by r.uid`,
  );
  const nameOf = (uid: number | null) => files[(uid ?? 0) - 1] ?? 'no file';
  const of = (outcome: string) => receipts.filter((each) => each.outcome === outcome);
  const copies = of('duplicate');
  return {
    messages: receipts.length,
    recorded: of('recorded').length,
    duplicates: Object.fromEntries(
      [...new Set(copies.map((each) => each.of))].map((first) => [
        nameOf(first),
        copies.filter((each) => each.of === first).map(({ uid }) => nameOf(uid)),
      ]),
    ),
    quarantined: Object.fromEntries(of('quarantined').map(({ uid, error }) => [nameOf(uid), error ?? ''])),
    cut: Object.fromEntries(
      of('recorded')
        .filter(({ cut }) => cut && cut.length > 0)
        .map(({ uid, cut }) => [nameOf(uid), cut ?? []]),
    ),
  };
}

function print(
  corpus: string,
  trust: string,
  { messages, recorded, duplicates, quarantined, cut }: Expected,
): void {
  const lines = [
    `${corpus}, trust ${trust}: ${messages} in, ${recorded} recorded, ${Object.values(duplicates).flat().length} duplicates, ` +
      `${Object.keys(quarantined).length} quarantined, ${Object.keys(cut).length} cut`,
    ...Object.entries(duplicates).map(([original, copies]) => `  ${copies.join(', ')}: as ${original}`),
    ...Object.entries(quarantined).map(([file, reason]) => `  ${file}: ${reason}`),
    ...Object.entries(cut).map(([file, sentences]) => `  ${file}: ${sentences.join('; ')}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** What two copies of one mail share, told without the code under test. */
function identity(source: Buffer): string {
  const [head = ''] = source.toString('latin1').replaceAll('\r\n', '\n').split('\n\n');
  const fields = head.split(/\n(?![ \t])/).map((field) => field.replace(/\s+/g, ' ').trim().toLowerCase());
  const hasId = fields.some((field) => field.startsWith('message-id:'));
  const deciding = hasId ? /^(message-id|date|from|to|cc):/ : /^(date|from|to|cc|subject):/;
  return fields
    .filter((field) => deciding.test(field))
    .sort()
    .join('\n');
}
