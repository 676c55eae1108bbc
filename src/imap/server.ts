import { can } from './mark.ts';
import type { Session } from './session.ts';

/** What a server says of itself, and how the connection to it is kept from others. */
export interface ServerInfo {
  /** As it calls itself (RFC 2971), else how it greeted; undefined where it said nothing. */
  readonly name: string | undefined;
  /** Undefined where the connection is not encrypted. */
  readonly tls:
    | {
        readonly protocol: string;
        /** The file of the operator's own authority that vouches for the server; null where it is one that Node knows. */
        readonly authority: string | null;
      }
    | undefined;
  /** The extensions that mailcase has a use for. */
  readonly capabilities: readonly Capability[];
}

export const CAPABILITIES = ['IDLE', 'MOVE', 'UIDPLUS', 'SPECIAL-USE'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** A folder of the account that can be opened. */
export interface ListedFolder {
  readonly path: string;
  /** What it is for (RFC 6154): `\Sent`, `\Trash` …; undefined where it is an ordinary one. */
  readonly specialUse: string | undefined;
}

export function serverInfo(session: Session): ServerInfo {
  const { serverInfo: said, greeting, tls } = session.client;
  const words = [said?.name, said?.version].filter(
    (word): word is string => typeof word === 'string' && word !== '',
  );
  return {
    name: words.join(' ') || greeting?.trim() || undefined,
    tls: tls ? { protocol: tls.version, authority: session.authority() ?? null } : undefined,
    capabilities: CAPABILITIES.filter((name) => can(session, name)),
  };
}

/** The folders of the account, the special ones first. */
export async function listFolders({ client }: Session): Promise<ListedFolder[]> {
  return (await client.list())
    .filter(({ flags }) => !flags.has('\\Noselect'))
    .map(({ path, specialUse }) => ({ path, specialUse }));
}
