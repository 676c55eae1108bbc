import type { z } from 'zod';
import { type ConfigNode, lineAt, type MapNode, nodeAt, type TextNode } from './document.ts';
import { nearest } from './nearest.ts';
import { findOption, isUnprintable } from './options.ts';
import type { Complaint, Finding, Path } from './problems.ts';
import { SHORTEST_REDACTED, secretsIn } from './secrets.ts';
import { suggestOption } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** Longer values are cut: a problem is a line to read, and its place says where the rest stands. */
const LONGEST_ECHO = 40;

/** Puts zod's issues into words for an operator, each at the line that it is about. */
export function explainIssues(issues: readonly Issue[], root: MapNode): Finding[] {
  const secrets = secretsIn(root);
  const findings = issues.flatMap((issue) => explain(issue, []));
  return findings.filter(
    ({ path, onlyAlone }) => !onlyAlone || !findings.some((other) => isBelow(other.path, path)),
  );

  function explain(issue: Issue, above: Path): Finding[] {
    const path = cutShorthand(root, [...above, ...issue.path.map(toPart)]);
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownOption(key, path));
    if (issue.code === 'invalid_union') {
      const branch = meantBranch(issue.errors);
      if (branch !== undefined) return branch.flatMap((inner) => explain(inner, path));
    }
    const node = nodeAt(root, path);
    if (node?.kind === 'unresolved') return [];
    const line = lineAt(root, path);
    if (node === undefined || node.kind === 'empty') {
      // A rule over a whole section complains about the section, and an absent option breaks no other rule.
      return [{ path, line, ...missing(path) }];
    }
    if (node.kind === 'text' && node.text.trim() === '') return [{ path, line, ...emptyText(node) }];
    const complaint = describeIssue(issue, node, path, isFromOutside);
    const echo = node.kind === 'text' ? quote(node, path, secrets) : '';
    return [{ path, line, ...complaint, message: complaint.message + echo }];
  }

  function isFromOutside(place: Path): boolean {
    const node = nodeAt(root, cutShorthand(root, place));
    return node?.kind === 'text' && node.sources.length > 0;
  }

  function unknownOption(key: string, section: Path): Finding {
    const path = [...section, key];
    const line = lineAt(root, path);
    const instead = findOption(section)?.meta.instead?.(key);
    if (instead !== undefined) return { path, line, message: 'unknown option', cure: instead };
    if (!isPlainName(key)) {
      // Not quoted: `password:hunter2` without the space is a name to YAML.
      return {
        path: section,
        line,
        message: 'something that is no option',
        cure: 'write `name: value` with a space after the colon',
      };
    }
    // `processed: {none: true}` is meant as the word that can stand in its place.
    const word = findOption(section)?.words.find((each) => each === key.toLowerCase());
    const cure = word === undefined ? suggestOption(key, section) : `write \`${section.at(-1)}: ${word}\``;
    return { path, line, message: 'unknown option', cure };
  }
}

/**
 * A path that can be shown: what lies below an unknown option, or below a secret, may itself be a secret that YAML
 * took for a name.
 */
export function printablePath(path: Path): Path {
  const unknown = path.findIndex((_part, index) => findOption(path.slice(0, index + 1)) === undefined);
  if (unknown === -1) return path;
  const part = path[unknown];
  const section = findOption(path.slice(0, unknown));
  const isShown =
    typeof part === 'number' ||
    (part !== undefined && (isPlainName(part) || section?.meta.instead?.(part) !== undefined));
  const isBelowScalar = section?.keys.length === 0;
  return path.slice(0, isShown && !isBelowScalar ? unknown + 1 : unknown);
}

/** What looks like the name of an option, and not like a value that slipped into its place. */
function isPlainName(key: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]{0,29}$/.test(key);
}

function missing(path: Path): Complaint {
  const meta = findOption(path)?.meta;
  if (typeof path.at(-1) === 'number') {
    return { message: 'an entry without content', cure: 'write the entry, or take its hyphen out' };
  }
  return {
    message: 'required, but missing',
    cure: meta?.example === undefined ? 'write its value' : `add \`${meta.example}\``,
  };
}

function emptyText({ sources }: TextNode): Complaint {
  return sources.length === 0
    ? { message: 'must not be empty', cure: 'write its value' }
    : { message: `empty, because ${sources.join(', ')} is empty`, cure: 'give it a value' };
}

function describeIssue(
  issue: Issue,
  node: ConfigNode,
  path: Path,
  isFromOutside: (place: Path) => boolean,
): Complaint {
  switch (issue.code) {
    case 'custom': {
      const { cure, onlyAlone, unquoted } = (issue.params ?? {}) as Partial<Complaint>;
      const said = unquoted?.of.some(isFromOutside) ? unquoted : { message: issue.message, cure };
      return { message: said.message, cure: String(said.cure), onlyAlone: onlyAlone === true };
    }
    case 'invalid_value':
      return wrongChoice(issue.values.map(String), node, path);
    case 'invalid_union':
      return wrongType('object', node, path);
    case 'invalid_type':
      return wrongType(issue.expected, node, path);
    case 'too_small':
      return issue.origin === 'array'
        ? { message: 'needs at least one entry', cure: addExample(path) }
        : { message: `must be at least ${issue.minimum}`, cure: `write ${issue.minimum} or more` };
    case 'too_big':
      if (issue.origin === 'array') {
        return { message: `has more than ${issue.maximum} entries`, cure: 'take some out' };
      }
      return { message: `must be at most ${issue.maximum}`, cure: `write ${issue.maximum} or less` };
    default:
      return { message: 'not a value that is possible here', cure: sentence(path) };
  }
}

function wrongChoice(values: readonly string[], node: ConfigNode, path: Path): Complaint {
  const several = severalHere(node, path);
  if (several) return several;
  const possible = values.map((value) => `\`${value}\``).join(', ');
  const similar = node.kind === 'text' ? nearest(node.text, values) : undefined;
  return {
    message: 'not one of the possible values',
    cure:
      similar === undefined
        ? `use one of ${possible}`
        : `did you mean \`${similar}\`? Possible are ${possible}`,
  };
}

const KINDS: Readonly<Record<ConfigNode['kind'], string>> = {
  map: 'a map of options',
  list: 'a list',
  text: 'a single value',
  empty: 'nothing',
  unresolved: 'nothing',
};

/** Several values where one belongs, though there is another way to write them. */
function severalHere(node: ConfigNode, path: Path): Complaint | undefined {
  const cure = node.kind === 'list' ? findOption(path.slice(0, -1))?.meta.ifList?.below : undefined;
  return cure === undefined ? undefined : { message: 'must be a single value, and is a list', cure };
}

function wrongType(expected: string, node: ConfigNode, path: Path): Complaint {
  const option = findOption(path);
  switch (expected) {
    case 'int':
    case 'number':
      return { message: 'must be a whole number', cure: 'write it in digits, without quotes and unit' };
    case 'boolean':
      return { message: 'must be true or false', cure: 'write `true` or `false`' };
    case 'record':
      return { message: `must be a map, and is ${KINDS[node.kind]}`, cure: addExample(path) };
    case 'array':
      if (option?.meta.single === true) {
        const message = `must be a text or a list of texts, and is ${KINDS[node.kind]}`;
        return { message, cure: 'write one text, or several as a list: `[first, second]`' };
      }
      return { message: `must be a list, and is ${KINDS[node.kind]}`, cure: addExample(path) };
    case 'object':
      return neitherWordNorMap(node, path);
    default:
      return (
        severalHere(node, path) ?? {
          message: `must be a single value, and is ${KINDS[node.kind]}`,
          cure:
            option?.meta.example === undefined
              ? 'write one value, without brackets and hyphens'
              : addExample(path),
        }
      );
  }
}

/** A map of options, in whose place some words can stand (`trust: none`). */
function neitherWordNorMap(node: ConfigNode, path: Path): Complaint {
  const option = findOption(path);
  const words = (option?.words ?? []).map((word) => `\`${word}\``);
  const names = `its options below it: ${option?.keys.join(', ')}`;
  if (words.length === 0) {
    const { ifList, example } = option?.meta ?? {};
    const like =
      example === undefined
        ? `write ${names}`
        : `write it like \`${example}\`; its options are ${option?.keys.join(', ')}`;
    return {
      message: `must be a map of options, and is ${KINDS[node.kind]}`,
      cure: (node.kind === 'list' ? ifList?.here : undefined) ?? like,
    };
  }
  return { message: 'not one of the possible values', cure: `write ${words.join(', ')}, or ${names}` };
}

function addExample(path: Path): string {
  const example = findOption(path)?.meta.example;
  return example === undefined ? 'write it as a list: `[first, second]`' : `write it like \`${example}\``;
}

function sentence(path: Path): string {
  return findOption(path)?.meta.description ?? 'correct it';
}

/**
 * ` (got `emplicit`)`, unless that could give something away: a secret, what holds one, or a URL, which may carry a
 * password. Of a value from outside only the name is told.
 */
function quote({ text, sources }: TextNode, path: Path, secrets: readonly string[]): string {
  if (sources.length > 0) return ` (the value of ${sources.join(', ')})`;
  const isWithheld =
    isUnprintable(path) ||
    !/^[\x20-\x7e]+$/.test(text) ||
    text.includes('://') ||
    // user:password@host, put where only the host belongs
    /:.*@/.test(text) ||
    secrets.some(
      (secret) => text.includes(secret) || (text.length >= SHORTEST_REDACTED && secret.includes(text)),
    );
  if (isWithheld) return '';
  return ` (got \`${text.length > LONGEST_ECHO ? `${text.slice(0, LONGEST_ECHO)}…` : text}\`)`;
}

/** The alternative whose shape was written, whatever is wrong inside it; undefined when it is none of them. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((issues) =>
    issues.every(
      ({ code, path }) => path.length > 0 || (code !== 'invalid_type' && code !== 'invalid_value'),
    ),
  );
}

/** `folders: [INBOX]` is read as `[{path: INBOX}]`; its problem is that of `folders[0]`. */
function cutShorthand(root: ConfigNode, path: Path): Path {
  const parent = nodeAt(root, path.slice(0, -1));
  return path.length > 0 && (parent?.kind === 'text' || parent?.kind === 'unresolved')
    ? path.slice(0, -1)
    : path;
}

function toPart(part: PropertyKey): string | number {
  return typeof part === 'number' ? part : String(part);
}

function isBelow(path: Path, section: Path): boolean {
  return path.length > section.length && samePath(path.slice(0, section.length), section);
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}
