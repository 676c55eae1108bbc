import { MailcaseError } from '../errors.ts';

/** What is wrong with one option, and what the operator can do about it. Neither ever quotes a secret. */
export interface Complaint {
  readonly message: string;
  readonly cure: string;
  /** Whether it goes without saying where something below it is wrong: an unknown option is why a section looks empty. */
  readonly onlyAlone?: boolean;
  /** What is said instead where a value at one of these places came from outside the file: nothing of it is quoted. */
  readonly unquoted?: { readonly of: readonly Path[]; readonly message: string; readonly cure: string };
}

/** Where an option stands: names of options and positions in lists, from the top. */
export type Path = readonly (string | number)[];

/** Tells of what is wrong, with its place below what is looked at. */
export type Say = (complaint: Complaint, path: (string | number)[]) => void;

/** A complaint with its place, before it is put into words for the operator. */
export interface Finding extends Complaint {
  readonly path: Path;
  readonly line: number | undefined;
}

/** One problem as the operator reads it. */
export interface ConfigProblem extends Complaint {
  readonly file: string;
  /** Counted from 1; undefined when the problem is the file as a whole. */
  readonly line: number | undefined;
  /** `mailboxes[0].imap.host`; '' when the problem is no single option's. */
  readonly path: string;
}

/** Everything that is wrong with the configuration, so that one start shows it all. */
export class ConfigProblems extends MailcaseError {
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super('config_invalid', `${count} in the configuration\n\n${problems.map(formatProblem).join('\n\n')}`, {
      fields: { file, problems: problems.length },
    });
    this.problems = problems;
  }
}

/** Three lines: where, what, and the cure. */
export function formatProblem({ file, line, path, message, cure }: ConfigProblem): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return `${path === '' ? place : `${place}  ${path}`}\n    ${message}\n    → ${cure}`;
}

/** `mailboxes[0].imap.host` */
export function formatPath(path: Path): string {
  return path.reduce<string>((shown, part) => {
    if (typeof part === 'number') return `${shown}[${part}]`;
    return shown === '' ? part : `${shown}.${part}`;
  }, '');
}
