import { styleText } from 'node:util';

export interface PrintOptions {
  /** Columns of the terminal; long lines are cut or wrapped to fit. */
  readonly width: number;
  readonly colours: boolean;
}

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

const DEFAULT_WIDTH = 100;
const NARROWEST = 40;

/** The width of the terminal and whether it wants colours (no-color.org, TERM=dumb); neutral where the output is no terminal. */
export function optionsFor(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: NodeJS.ProcessEnv = process.env,
): PrintOptions {
  const width = Math.max(stream.columns || DEFAULT_WIDTH, NARROWEST);
  return { width, colours: stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb' };
}

/** Colours text, or leaves it as it is. */
export function painter({ colours }: PrintOptions): Paint {
  // styleText's own idea of when to colour differs between versions of Node.
  return (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text);
}
