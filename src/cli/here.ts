import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { harmless } from '../terminal/harmless.ts';

const IS_CHECKOUT = import.meta.url.endsWith('.ts');

/**
 * A command as one types it here: in a checkout, with npx where that has started us, else as a program of its own. Never
 * npx by guess: where the package is not in the folder, it would look for one of that name elsewhere.
 */
export function typedHere(command: string, { npm_command } = process.env): string {
  const program = npm_command === 'exec' ? 'npx mailcase' : 'mailcase';
  return `${IS_CHECKOUT ? 'npm run mailcase --' : program} ${command}`;
}

/** Where a file of config/ lies, seen from the current folder if it is below; the package has it a folder further up. */
export function configFileHere(name: string): string {
  const folder = IS_CHECKOUT ? '../../config/' : '../../../config/';
  const file = fileURLToPath(new URL(`${folder}${name}`, import.meta.url));
  const fromHere = relative(process.cwd(), file);
  return fromHere.startsWith('..') ? file : fromHere;
}

/** A word as a shell takes it for one, and a terminal shows it. */
export function shellWord(text: string): string {
  const shown = harmless(text);
  return /^[\w./@%+=:,-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}
