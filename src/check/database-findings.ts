import { counted, listed } from '../terminal/words.ts';
import type { DatabaseFacts, Looked, ServerFacts } from './database.ts';
import { type Finding, sectionOf } from './finding.ts';
import { grantsFor, type MissingRight } from './rights.ts';

const section = sectionOf('Database');

/** The oldest PostgreSQL that mailcase is tested with, as server_version_num. */
const OLDEST_VERSION = 150_000;

/** What a look at the database says. @param place host, port and name, without user and password */
export function databaseFindings(looked: Looked, place: string): Finding[] {
  switch (looked.kind) {
    case 'unreachable':
      return [section.problem('database_unreachable', `${place} cannot be used: ${looked.why}`, looked.cure)];
    case 'not_made':
      return [
        section.problem(
          'database_not_made',
          `there is no database in ${looked.folder} yet`,
          'run `mailcase migrate up`, which makes it with its tables',
        ),
      ];
    case 'found':
      return [
        ...serverFindings(looked.facts.server, place),
        ...schemaFindings(looked.facts),
        ...rightsFindings(looked.facts),
        ...quarantineFindings(looked.facts),
      ];
  }
}

function serverFindings(server: ServerFacts, place: string): Finding[] {
  const findings = [
    section.ok(
      'database_reached',
      `PostgreSQL ${server.version.split(' ', 1)[0]} at ${place}, as ${server.role}`,
    ),
  ];
  if (server.versionNumber < OLDEST_VERSION) {
    findings.push(
      section.problem(
        'database_too_old',
        `PostgreSQL ${server.version} is older than 15`,
        'use PostgreSQL 15 or later',
      ),
    );
  }
  if (server.isStandby || server.isReadOnly) {
    findings.push(
      section.problem(
        'database_read_only',
        server.isStandby
          ? 'the server is a standby: nothing can be written to it'
          : 'transactions are read-only (default_transaction_read_only)',
        server.isStandby
          ? 'give the address of the primary in `database.url`'
          : `turn it off: \`alter role ${server.role} set default_transaction_read_only = off\`, or on the database or the server, where it is set`,
      ),
    );
  }
  if (server.encoding !== 'UTF8') {
    findings.push(
      section.problem(
        'database_encoding',
        `the database's encoding is ${server.encoding}, which cannot keep every letter of every mail`,
        `make one with UTF-8: \`createdb -E UTF8 -T template0 mailcase\``,
      ),
    );
  }
  return findings;
}

function schemaFindings({ server, schema }: DatabaseFacts): Finding[] {
  if (server.schemaName === null) {
    return [
      section.problem(
        'schema_unusable',
        `${server.role} may not use any schema of the database ${server.database}`,
        `as its owner: \`grant usage, create on schema public to ${server.role}\``,
      ),
    ];
  }
  // Then the rights are what is to be mended first.
  if (schema === undefined) return [];
  const { applied, pending, unknown } = schema;
  if (unknown.length > 0) {
    return [
      section.problem(
        'schema_newer',
        `a newer mailcase has migrated the database (${unknown.join(', ')})`,
        'install that version, or take it back with `mailcase migrate down` of that version',
      ),
    ];
  }
  if (pending.length > 0) {
    const lacks = applied.length === 0 ? 'has no tables of mailcase yet' : `lacks ${listed(pending)}`;
    return [section.problem('schema_older', `the database ${lacks}`, 'run `mailcase migrate up`')];
  }
  return [
    section.ok(
      'schema_current',
      `its tables are those of this version (${counted(applied.length, 'migration')})`,
    ),
  ];
}

function rightsFindings({ server, missing, schema }: DatabaseFacts): Finding[] {
  if (server.schemaName === null) return [];
  const needed = missing.filter(({ commands }) => commands === null);
  const byHand = missing.filter(({ commands }) => commands !== null);
  if (missing.length === 0) {
    // Of tables that are not there, nothing is known.
    return schema?.applied.length === 0 || schema?.pending.length !== 0
      ? []
      : [section.ok('rights_complete', `${server.role} has every right that is needed`)];
  }
  return [
    ...(needed.length === 0 ? [] : [neededFinding(needed, server.role)]),
    ...(byHand.length === 0 ? [] : [byHandFinding(byHand, server.role)]),
  ];
}

const GRANT_AS = 'as the owner of the tables:';

function neededFinding(missing: readonly MissingRight[], role: string): Finding {
  return section.problem(
    'rights_missing',
    `${role} lacks rights that are needed, on ${namesOf(missing)}`,
    GRANT_AS,
    grantsFor(missing, role),
  );
}

/** Polls and imports go without it. */
function byHandFinding(missing: readonly MissingRight[], role: string): Finding {
  const commands = [...new Set(missing.flatMap((each) => each.commands ?? []))];
  return section.warning(
    'rights_missing_by_hand',
    `${role} lacks rights that ${listed(commands.map((command) => `\`mailcase ${command}\``))} ` +
      `${commands.length === 1 ? 'needs' : 'need'}, on ${namesOf(missing)}; polls and imports do without`,
    GRANT_AS,
    grantsFor(missing, role),
  );
}

function namesOf(missing: readonly MissingRight[]): string {
  return listed([...new Set(missing.map(({ on }) => on))]);
}

function quarantineFindings({ quarantined }: DatabaseFacts): Finding[] {
  if (quarantined === undefined) return [];
  if (quarantined === 0) return [section.ok('quarantine_empty', 'no message is in quarantine')];
  return [
    section.warning(
      'quarantined',
      `${counted(quarantined, 'message')} could not be recorded and ${quarantined === 1 ? 'is' : 'are'} in quarantine`,
      'see why: `mailcase quarantine list`; when the cause is mended, `mailcase quarantine retry --all`',
    ),
  ];
}
