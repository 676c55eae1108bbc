# A shipping notice that mailcase files, sent with Python's own library (tried with 3.11):
#   SMTP_HOST=mail.example.com MAIL_FROM=shop@example.com SUPPORT_MAILBOX=support@example.com \
#     CUSTOMER_EMAIL=asa@example.org python3 send.py
import hashlib
import hmac
import os
import re
import secrets
import smtplib
import ssl
import sys
import time
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid


def signature(sender, fields, key_id, secret):
    """The signature of a mail: of its From (the address alone) and of all its x-desk- fields, as people read them."""
    now, nonce = int(time.time()), secrets.token_urlsafe(16)
    lines = ['mailcase-signature-v1', f'k={key_id}', f't={now}', f'n={nonce}', f'from={sender.lower()}']
    for name, text in sorted((name.lower(), text) for name, text in fields.items()):
        value = re.sub('[ \t\r\n]+', ' ', text).strip(' ')
        if value:
            lines.append(f'{name}:{value}')
    text = ''.join(f'{line}\n' for line in lines)
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f'v=1; k={key_id}; t={now}; n={nonce}; s={mac}'


env = os.environ.get
for name in ('MAIL_FROM', 'SUPPORT_MAILBOX', 'CUSTOMER_EMAIL'):
    if not env(name):
        print(f'set MAIL_FROM, SUPPORT_MAILBOX and CUSTOMER_EMAIL: {name} is empty', file=sys.stderr)
        sys.exit(2)
sender, mailbox, secret = os.environ['MAIL_FROM'], os.environ['SUPPORT_MAILBOX'], env('DESK_SECRET')
customer = Address(env('CUSTOMER_NAME', 'Åsa Öberg'), addr_spec=os.environ['CUSTOMER_EMAIL'])
order = env('ORDER', '10423')

# EmailMessage encodes what is not ASCII, and raises ValueError at a line break in a value.
message = EmailMessage()
message['From'] = sender
message['To'] = customer
message['Subject'] = f'Your order {order} is on its way'
message['Date'] = localtime()
# The same in both messages where there are two: the customer's answer names it.
message['Message-ID'] = make_msgid(domain=sender.split('@')[1])
message.set_content('Your parcel has left our house.\n')

desk = {
    'x-desk-customer-email': str(customer),
    'x-desk-interaction-direction': 'out',
    'x-desk-case-external-id': f'order-{order}',
    'x-desk-case-status': 'resolved',
    'x-desk-case-labels': 'order, shipping',
    'x-desk-case-custom-depot': 'Malmö',
}

try:
    with smtplib.SMTP(env('SMTP_HOST', 'localhost'), int(env('SMTP_PORT', '587'))) as smtp:
        if env('SMTP_USER'):
            smtp.starttls(context=ssl.create_default_context())
            smtp.login(env('SMTP_USER'), os.environ['SMTP_PASSWORD'])
        if env('SIGNING_KEY') and env('SIGNING_KEY_ID'):
            # trust: hmac. The customer reads the x-headers too, and can change none of them.
            # Signed is what people read: the name without quotes, and the address alone where there is no name.
            name, address = customer.display_name, customer.addr_spec
            read = {**desk, 'x-desk-customer-email': f'{name} <{address}>' if name else address}
            desk['x-mailcase-signature'] = signature(sender, read, env('SIGNING_KEY_ID'), env('SIGNING_KEY'))
            message['Bcc'] = mailbox
            for name, value in desk.items():
                message[name] = value
            smtp.send_message(message)
        elif secret is None:
            # trust: all. The customer reads the x-headers too; send_message leaves the Bcc field out.
            message['Bcc'] = mailbox
            for name, value in desk.items():
                message[name] = value
            smtp.send_message(message)
        else:
            # trust: secret. A second message for the mailbox alone: whoever sees the secret can use it.
            smtp.send_message(message)
            for name, value in {**desk, 'x-our-secret': secret}.items():
                message[name] = value
            smtp.send_message(message, to_addrs=[mailbox])
except OSError as error:
    # smtplib's own errors are such too.
    sys.exit(f'not sent: {error}')
