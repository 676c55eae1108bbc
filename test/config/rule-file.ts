import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigProblems } from '../../src/config/problems.ts';
import type { Config } from '../../src/config/schema.ts';

/* Files with mapping and rules, and what is wrong with them. */

const DATABASE = 'database: {url: postgres://mailcase@localhost/mailcase}\n';

/** Two mailboxes, of which one trusts everybody. */
export const MAILBOXES = `mailboxes:
  - name: support
    trust: all
    folders: [INBOX, Archive]
    imap: {host: imap.example.com, user: support@example.com, password: hunter2!}
  - name: sales
    imap: {host: imap.example.com, user: sales@example.com, password: hunter2!}
`;

export async function load(
  text: string,
  env: NodeJS.ProcessEnv = {},
  mailboxes = MAILBOXES,
): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-rules-'));
  try {
    const file = join(folder, 'mailcase.yaml');
    await writeFile(file, DATABASE + mailboxes + text);
    return (await loadConfig(file, env)).config;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `path: message → cure`, in the order of the file. */
export async function problems(text: string, env?: NodeJS.ProcessEnv, mailboxes?: string): Promise<string[]> {
  try {
    await load(text, env, mailboxes);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    return error.problems.map(({ path, message, cure }) => `${path}: ${message} → ${cure}`);
  }
}

export async function expectProblem(text: string, path: string, message: string, cure: string) {
  const found = await problems(text);
  expect(found).toEqual([expect.stringContaining(`${path}: `)]);
  expect(found[0]).toContain(message);
  expect(found[0]?.split(' → ')[1]).toContain(cure);
}

/** A rule with this condition. */
export const when = (condition: string) => `rules:\n  - {name: a, when: ${condition}, then: {stop: true}}\n`;
/** A rule that does this. */
export const doing = (actions: string, condition = '{part: subject, matches: "(?<key>[A-Z]+)-([0-9]+)"}') =>
  `rules:\n  - {name: a, when: ${condition}, then: ${actions}}\n`;
/** An entry of the mapping. */
export const map = (entry: string) => `headers: {map: [${entry}]}\n`;
