import { assertReachable, type Database } from '../db/connect.ts';
import { migrateDown, migrateUp, schemaState } from '../db/migrate.ts';
import { openDatabase } from '../db/open.ts';
import { configFor, EXIT, print } from './context.ts';

/** `mailcase migrate up|down|status` */
export async function migrateCommand(
  action: 'up' | 'down' | 'status',
  options: { config?: string; dropData?: boolean },
): Promise<number> {
  const { config } = await configFor(options.config);
  const { db, close } = await openDatabase(config.database, { patient: true });
  try {
    await assertReachable(db);
    if (action === 'status') return await status(db);
    const names = action === 'up' ? await migrateUp(db) : await migrateDown(db, options);
    const verb = action === 'up' ? 'applied' : 'taken back';
    if (names.length === 0) print(`nothing to be ${verb}`);
    for (const name of names) print(`${verb}: ${name}`);
    return EXIT.done;
  } finally {
    await close();
  }
}

async function status(db: Database): Promise<number> {
  const { applied, pending, unknown } = await schemaState(db);
  for (const name of applied) print(`applied  ${name}`);
  for (const name of pending) print(`pending  ${name}`);
  for (const name of unknown) print(`unknown  ${name}  (from a newer mailcase)`);
  if (pending.length > 0) print('run `mailcase migrate up` to apply what is pending');
  if (unknown.length > 0) print('install the mailcase that brought the unknown ones');
  return EXIT.done;
}
