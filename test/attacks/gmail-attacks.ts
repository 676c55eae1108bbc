import { arrivedAtGmail, B, COVERED, results, signature } from './arrival.ts';
import { GOOGLE } from './boxes.ts';
import { ORDERS, onTop, SHOP, shopMail, strangersMail, type Victim } from './letters.ts';
import type { Attack, Honest, Rows } from './table.ts';

/* The same at Gmail, whose results stand below its Received, and name the domain by header.i. */

const FROM_SHOP = { From: `Lamp Shop <${ORDERS}>` };
const PASS = `dkim=pass header.i=@${SHOP} header.s=k1 header.b=${B}`;
const SPF =
  'spf=pass (google.com: domain of bounces@sender.example designates 192.0.2.7 as permitted sender) smtp.mailfrom=bounces@sender.example';
const DMARC = `dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=${SHOP}`;
const line = (...results: readonly string[]) => results.join(';\r\n       ');

const claimed = (of: Victim) => onTop(strangersMail(of, FROM_SHOP), signature());

const rows: Rows = [
  {
    name: 'gmail-glued-below',
    does: "writes Gmail's results right below Gmail's",
    mail: (of) =>
      arrivedAtGmail(
        onTop(claimed(of), results(PASS, GOOGLE)),
        line(`dkim=fail header.i=@${SHOP} header.s=k1 header.b=${B}`, SPF),
      ),
    why: /mx\.google\.com has found no DKIM signature good/,
    honest: (of) => arrivedAtGmail(claimed(of), line(PASS, SPF, DMARC)),
  },
  {
    name: 'gmail-unsigned',
    does: 'passes by SPF, in a mail without a signature, below which he claims one',
    mail: (of) =>
      arrivedAtGmail(
        onTop(claimed(of), results(line(PASS, DMARC), GOOGLE)),
        line(SPF, `dmarc=pass (p=NONE) header.from=${SHOP}`),
      ),
    why: /mx\.google\.com has found no DKIM signature good/,
  },
  {
    name: 'gmail-suffix',
    does: `calls himself ${GOOGLE}.evil.example, in a mail that came in by another way`,
    mail: (of) => onTop(claimed(of), results(PASS, `${GOOGLE}.evil.example`)),
    why: /no Authentication-Results of mx\.google\.com/,
    as: { senderAuth: 'none' },
  },
  {
    name: 'gmail-sender-of-his-own',
    does: 'sends through a service that signs for all of its customers',
    mail: (of) =>
      arrivedAtGmail(
        onTop(strangersMail(of, FROM_SHOP), signature({ d: 'amazonses.com' })),
        line(
          `dkim=pass header.i=@amazonses.com header.s=k1 header.b=${B}`,
          SPF,
          `dmarc=fail (p=NONE) header.from=${SHOP}`,
        ),
      ),
    why: /signature of amazonses\.com is another domain's/,
    honest: (of) =>
      arrivedAtGmail(
        onTop(
          claimed(of),
          signature({ d: 'amazonses.com', s: 'ses', h: ['from', 'to', 'subject'], b: 'U0VTc2VzU0VT' }),
        ),
        line(
          `dkim=pass header.i=@${SHOP} header.s=k1 header.b=${B}`,
          'dkim=pass header.i=@amazonses.com header.s=ses header.b=U0VTc2Vz',
          SPF,
          DMARC,
        ),
      ),
  },
  {
    name: 'gmail-identity-of-two',
    does: 'has the key of a subdomain, and copies selector and value into a signature of the shop for that identity',
    mail: (of) => {
      const his = signature({ d: `customers.${SHOP}`, h: ['from'] });
      const forged = signature({ more: ` i=@customers.${SHOP};` });
      return arrivedAtGmail(
        onTop(strangersMail(of, FROM_SHOP), forged, his),
        line(`dkim=pass header.i=@customers.${SHOP} header.s=k1 header.b=${B}`, SPF, DMARC),
      );
    },
    why: /signature of customers\.shop\.example is another domain's/,
  },
  {
    name: 'gmail-prepended',
    does: 'adds a field to a copy that Gmail finds to be signed',
    mail: (of) => arrivedAtGmail(onTop(claimed(of), 'x-desk-case-priority: 10'), line(PASS, SPF, DMARC)),
    why: /x-desk-case-priority/,
    as: { senderAuth: 'pass' },
  },
];

export const GMAIL_ATTACKS: readonly Attack[] = rows.map((row) => ({ ...row, box: 'gmail' }));

export const GMAIL_HONEST: readonly Honest[] = [
  {
    name: 'gmail-copy-of-the-shop',
    box: 'gmail',
    mail: (to) => arrivedAtGmail(onTop(shopMail(to), signature({ h: COVERED })), line(PASS, SPF, DMARC)),
  },
  {
    name: 'gmail-identity-of-a-subdomain',
    box: 'gmail',
    // i= may be below d=.
    mail: (to) =>
      arrivedAtGmail(
        onTop(shopMail(to), signature({ more: ` i=shop@mail.${SHOP};` })),
        line(`dkim=pass header.i=shop@mail.${SHOP} header.s=k1 header.b=${B}`, SPF, DMARC),
      ),
  },
];
