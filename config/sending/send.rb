# A shipping notice that mailcase files, sent with the mail gem, which is in ActionMailer too (`gem install mail`, or
# Debian's ruby-mail; tried with 2.7):
#   SMTP_HOST=mail.example.com MAIL_FROM=shop@example.com SUPPORT_MAILBOX=support@example.com \
#     CUSTOMER_EMAIL=asa@example.org ruby send.rb
require 'mail'
require 'openssl'
require 'securerandom'

# The signature of a mail: of its From (the address alone) and of all its x-desk- fields, as people read them.
def signature(from, fields, id, secret)
  time = Time.now.to_i
  nonce = SecureRandom.urlsafe_base64(16)
  lines = ['mailcase-signature-v1', "k=#{id}", "t=#{time}", "n=#{nonce}", "from=#{from.downcase}"]
  fields.transform_keys(&:downcase).sort.each do |name, value|
    value = value.gsub(/[ \t\r\n]+/, ' ').gsub(/\A | \z/, '')
    lines << "#{name}:#{value}" unless value.empty?
  end
  mac = OpenSSL::HMAC.hexdigest('SHA256', secret, lines.map { |line| "#{line}\n" }.join)
  "v=1; k=#{id}; t=#{time}; n=#{nonce}; s=#{mac}"
end

%w[MAIL_FROM SUPPORT_MAILBOX CUSTOMER_EMAIL].each do |name|
  next unless ENV.fetch(name, '').empty?

  warn "set MAIL_FROM, SUPPORT_MAILBOX and CUSTOMER_EMAIL: #{name} is empty"
  exit 2
end

login = ENV['SMTP_USER'] && { user_name: ENV['SMTP_USER'], password: ENV.fetch('SMTP_PASSWORD'), enable_starttls: true }
Mail.defaults do
  delivery_method :smtp, address: ENV.fetch('SMTP_HOST', 'localhost'), port: ENV.fetch('SMTP_PORT', 587).to_i, **(login || {})
end

order = ENV.fetch('ORDER', '10423')
customer = Mail::Address.new
customer.address = ENV.fetch('CUSTOMER_EMAIL')
customer.display_name = ENV.fetch('CUSTOMER_NAME', 'Åsa Öberg')

mail = Mail.new(charset: 'UTF-8')
mail.from = ENV.fetch('MAIL_FROM')
mail.to = customer.format
mail.subject = "Your order #{order} is on its way"
mail.body = "Your parcel has left our house.\n"
# The same in both messages where there are two: the customer's answer names it.
mail.add_message_id

desk = {
  'x-desk-customer-email' => customer.format,
  'x-desk-interaction-direction' => 'out',
  'x-desk-case-external-id' => "order-#{order}",
  'x-desk-case-status' => 'resolved',
  'x-desk-case-labels' => 'order, shipping',
  'x-desk-case-custom-depot' => 'Malmö'
}

begin
  if ENV['SIGNING_KEY'] && ENV['SIGNING_KEY_ID']
    # trust: hmac. The customer reads the x-headers too, and can change none of them.
    # Signed is what people read: the name without quotes, and the address alone where there is no name.
    name = customer.display_name.to_s
    read = desk.merge('x-desk-customer-email' => name.empty? ? customer.address : "#{name} <#{customer.address}>")
    desk['x-mailcase-signature'] = signature(ENV.fetch('MAIL_FROM'), read, ENV['SIGNING_KEY_ID'], ENV['SIGNING_KEY'])
    mail.bcc = ENV.fetch('SUPPORT_MAILBOX')
  elsif ENV['DESK_SECRET'].nil?
    # trust: all. The customer reads the x-headers too; the gem leaves the Bcc field out.
    mail.bcc = ENV.fetch('SUPPORT_MAILBOX')
  else
    # trust: secret. A second message for the mailbox alone: whoever sees the secret can use it.
    mail.deliver!
    mail.smtp_envelope_to = ENV.fetch('SUPPORT_MAILBOX')
    desk['x-our-secret'] = ENV['DESK_SECRET']
  end
  desk.each { |name, value| mail[name] = value }
  mail.deliver!
rescue StandardError => e
  abort "not sent: #{e.message.lines.first}"
end
