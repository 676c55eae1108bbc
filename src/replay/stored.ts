import type { Transaction } from '../db/connect.ts';
import { rowsOf } from '../record/rows.ts';
import { SAID_COLUMNS } from '../record/store-interactions.ts';
import type { Applied, Decided, Directives, Refused } from '../rules/directives.ts';

/** What is kept of a mail's directives. */
export interface KeptDirectives {
  readonly applied: readonly Applied[];
  readonly refused: readonly Refused[];
  readonly decided: readonly Decided[];
  /** The rules that matched. */
  readonly rules?: readonly string[];
}

/** A recorded mail as far as headers and rules have to do with it. */
export interface StoredMail {
  readonly id: number;
  readonly trusted: boolean;
  readonly outsider: boolean;
  readonly directives: KeptDirectives;
  /** Whether the directives are those of a trusted copy. */
  readonly fromCopy: boolean;
  /** What its own columns have. */
  readonly said: Directives['interaction'];
}

type SaidRow = Record<(typeof SAID_COLUMNS)[number], string | number | null>;

interface Row extends SaidRow {
  readonly id: number;
  readonly customer_id: number | null;
  readonly trusted: boolean;
  readonly outsider: boolean;
  readonly directives: Partial<KeptDirectives>;
  readonly from_copy: boolean;
}

/** Reads what mails are stored with; their cases are locked by then, or nobody means to change anything. */
export async function loadStored(trx: Transaction, ids: readonly number[]): Promise<Map<number, StoredMail>> {
  const found = await rowsOf<Row>(
    trx,
    `select i.id, i.customer_id, i.trusted, i.outsider, c.directives, c.from_copy,
       ${SAID_COLUMNS.map((column) => (column === 'ip_address' ? 'host(ip_address) as ip_address' : column)).join(', ')}
     from interactions i join interaction_contents c on c.interaction_id = i.id where i.id = any(?)`,
    [[...ids]],
  );
  return new Map(found.map((row) => [row.id, storedMail(row)]));
}

function storedMail(row: Row): StoredMail {
  const { id, trusted, outsider, directives, from_copy } = row;
  const said = SAID_COLUMNS.flatMap((column) => (row[column] === null ? [] : [[column, row[column]]]));
  return {
    ...{ id, trusted, outsider, fromCopy: from_copy },
    directives: { applied: [], refused: [], decided: [], ...directives },
    said: Object.fromEntries(said) as Directives['interaction'],
  };
}
