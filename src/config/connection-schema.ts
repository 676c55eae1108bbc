import { check } from './checks.ts';
import { text } from './fields.ts';
import { textOrList } from './free-map.ts';
import { checkProxy, PROXY_PATTERN } from './proxy.ts';

/* How the connection to a mail server is made, beside host, port and TLS; see mailbox-schema.ts. */

const fileOnDisk = check(
  (value) => !value.includes('\0') && !value.includes('-----BEGIN') && !value.includes('://'),
  'not the path of a file',
  'write the path of a file with the certificates, e.g. `/etc/mailcase/ca.pem`',
);

/** A file with the certificates of authorities that the operator trusts, beside those that Node knows. */
export interface Authority {
  readonly file: string;
  /** As PEM, one each; those that are not valid any more, or not yet, are left out. */
  readonly certificates: readonly string[];
}

/** What stands in the files is read by load.ts. */
export const ca = textOrList(text(fileOnDisk, 'the path of a file').describe('A file of certificates (PEM).'))
  .optional()
  .meta({ example: 'ca: /etc/mailcase/ca.pem', byDefault: 'those that Node knows alone' })
  .describe(
    'Files with the certificates of your own authorities (PEM), trusted beside those that Node knows; a relative path begins at the folder of the config file.',
  );

export const proxy = text(checkProxy, 'a URL, `http://user:password@host:port`')
  .optional()
  .meta({
    secret: true,
    example: 'proxy: http://proxy.example.com:3128',
    pattern: PROXY_PATTERN,
    byDefault: 'straight',
  })
  .describe(
    'A proxy to go through: http or https (CONNECT), socks5, socks4a or socks4. Signs like @ / : # in the password are percent-encoded (@ is %40).',
  );
