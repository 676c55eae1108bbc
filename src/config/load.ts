import { dirname, resolve } from 'node:path';
import { readAuthorities } from './authorities.ts';
import type { Authority } from './connection-schema.ts';
import { parseConfigText, toPlain } from './document.ts';
import { explainIssues, printablePath } from './explain.ts';
import { namedFilesFrom, readConfigFile, sourcesFrom } from './files.ts';
import { interpolate } from './interpolate.ts';
import { ConfigProblems, type Finding, formatPath } from './problems.ts';
import { type Config, configSchema } from './schema.ts';
import { secretsIn } from './secrets.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** The file's absolute path. */
  readonly file: string;
  /** Every secret value, for redaction in the log. */
  readonly secrets: readonly string[];
}

/**
 * Reads, completes and checks the configuration.
 *
 * @throws ConfigProblems with all that is wrong, so that an operator starts the daemon once and not once per mistake
 */
export async function loadConfig(file: string, env: NodeJS.ProcessEnv = process.env): Promise<LoadedConfig> {
  const absolute = resolve(file);
  const folder = dirname(absolute);
  const text = await readConfigFile(absolute);
  if (typeof text !== 'string') throw asProblems(absolute, [{ path: [], line: undefined, ...text }]);

  const document = parseConfigText(text);
  if (document.root === undefined) throw asProblems(absolute, document.findings);

  const { root, findings } = await interpolate(document.root, sourcesFrom(env, folder));
  const result = configSchema.safeParse(toPlain(root));
  const { authorities, findings: ofFiles } = await readAuthorities(root, namedFilesFrom(env, folder));
  const issues = explainIssues(result.error?.issues ?? [], root);
  const all = [...document.findings, ...findings, ...issues, ...ofFiles];
  if (!result.success || all.length > 0) throw asProblems(absolute, all);

  const config = withAuthorities(withAbsolutePaths(result.data, folder), authorities);
  return { config, file: absolute, secrets: secretsIn(root) };
}

/** In the order of the file, each once. */
function asProblems(file: string, findings: readonly Finding[]): ConfigProblems {
  const problems = findings
    .map(({ path, line, message, cure }) => ({
      file,
      line,
      path: formatPath(printablePath(path)),
      message,
      cure,
    }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const distinct = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return new ConfigProblems(file, [...distinct.values()]);
}

function withAbsolutePaths(config: Config, folder: string): Config {
  const { database } = config;
  if (database.embedded === undefined) return config;
  return { ...config, database: { ...database, embedded: resolve(folder, database.embedded) } };
}

function withAuthorities(config: Config, authorities: ReadonlyMap<string, Authority>): Config {
  const mailboxes = config.mailboxes.map(({ imap, ...rest }) => ({
    ...rest,
    imap: imap.ca ? { ...imap, ca: imap.ca.map((each) => authorities.get(each.file) ?? each) } : imap,
  }));
  return { ...config, mailboxes };
}
