# A relying party that shares no code with ours: ruby-openid behind WEBrick.
#
#   ruby relying_party.rb PORT
#
# prints "ready" once it listens on 127.0.0.1 and ends on SIGTERM; the library's log is on stderr.
#
#   /start?openid=URL   discovers the identifier and sends the browser to its provider
#          &mode=immediate   asks for an answer without a page: checkid_immediate
#          &stateless=1      shares no secret: the provider is asked to check its own signature
#          &ax=1             asks through Attribute Exchange as well
#   /return             where the provider answers; one key=value a line
#   /                   XRDS naming /return, for providers that verify return_to

require 'openid'
require 'openid/extensions/ax'
require 'openid/extensions/sreg'
require 'openid/store/memory'
require 'securerandom'
require 'webrick'

PORT = Integer(ARGV.fetch(0))
REALM = "http://127.0.0.1:#{PORT}/"
RETURN_TO = "#{REALM}return"
# Browsers keep one jar for all ports of a host, so the name says whose cookie this is.
COOKIE = "relying_party_#{PORT}"
STORE = OpenID::Store::Memory.new
SESSIONS = {}

AX_TYPES = {
  'nickname' => 'http://axschema.org/namePerson/friendly',
  'email' => 'http://axschema.org/contact/email'
}

XRDS = <<~XML
  <?xml version="1.0" encoding="UTF-8"?>
  <xrds:XRDS xmlns:xrds="xri://$xrds" xmlns="xri://$xrd*($v*2.0)">
    <XRD><Service>
      <Type>http://specs.openid.net/auth/2.0/return_to</Type>
      <URI>#{RETURN_TO}</URI>
    </Service></XRD>
  </xrds:XRDS>
XML

# A form can return by POST while its action keeps a query of its own: both count.
def parameters(http)
  query = WEBrick::HTTPUtils.parse_query(http.query_string)
  query.merge(http.query).transform_values { |value| String.new(value).force_encoding('UTF-8') }
end

def plain(answer, status, text)
  answer.status = status
  answer['Content-Type'] = 'text/plain; charset=utf-8'
  answer.body = text
end

# The library associates, then leaves the handle out of every OpenID 2.0 request, so that
# the provider signs with a key of its own. Add it: signing with the shared key is tested too.
def name_association(message, server_url)
  association = STORE.get_association(server_url)
  message.set_arg(OpenID::OPENID_NS, 'assoc_handle', association.handle) if association
end

def start(http, answer)
  asked = parameters(http)
  # Each start has a fresh session: with an old one, the library would try the next service.
  SESSIONS[key = SecureRandom.hex] = session = {}
  consumer = OpenID::Consumer.new(session, asked['stateless'] ? nil : STORE)
  request = consumer.begin(asked.fetch('openid'))
  request.add_extension(OpenID::SReg::Request.new(nil, %w[nickname email]))
  if asked['ax']
    fetch = OpenID::AX::FetchRequest.new
    AX_TYPES.each { |name, type| fetch.add(OpenID::AX::AttrInfo.new(type, name)) }
    request.add_extension(fetch)
  end

  server_url = request.endpoint.server_url
  message = request.get_message(REALM, RETURN_TO, asked['mode'] == 'immediate')
  name_association(message, server_url) unless asked['stateless']
  answer['Set-Cookie'] = "#{COOKIE}=#{key}; Path=/; HttpOnly"
  url = message.to_url(server_url)
  if message.is_openid2 && url.length > OpenID::OPENID1_URL_LIMIT
    answer['Content-Type'] = 'text/html; charset=utf-8'
    answer.body = OpenID::Util.auto_submit_html(message.to_form_markup(server_url))
  else
    answer.status = 302
    answer['Location'] = url
  end
rescue StandardError => e
  plain(answer, 502, "failed: #{e.message}\n")
end

def complete(http, answer)
  cookie = http.cookies.find { |one| one.name == COOKIE }
  session = SESSIONS.fetch(cookie&.value)
  # A copy, for the library empties it on success: an answer sent twice then meets the
  # check of its nonce, and not a sign-in that nobody began.
  response = OpenID::Consumer.new(session.dup, STORE).complete(parameters(http), RETURN_TO)
  told = { 'status' => response.status }
  if response.status == OpenID::Consumer::SUCCESS
    told['identity'] = response.identity_url
    profile = OpenID::SReg::Response.from_success_response(response)
    %w[nickname email].each { |name| told[name] = profile && profile[name] }
    attributes = OpenID::AX::FetchResponse.from_success_response(response)
    AX_TYPES.each { |name, type| told["ax_#{name}"] = attributes.get_single(type) } if attributes
  else
    why = response.respond_to?(:message) ? response.message : response.status
    # Where a provider refused to check its signature, the library hands on its whole answer.
    told['message'] = why.is_a?(OpenID::Message) ? why.get_arg(OpenID::OPENID_NS, 'error') : why
  end
  report(answer, told)
rescue KeyError
  report(answer, 'status' => 'failure', 'message' => 'no sign-in was begun by this browser')
rescue StandardError => e
  report(answer, 'status' => 'failure', 'message' => "#{e.class}: #{e.message}")
end

def report(answer, told)
  told = { 'status' => '', 'identity' => '', 'nickname' => '', 'email' => '' }.merge(told)
  plain(answer, 200, told.map { |key, value| "#{key}=#{value.to_s.gsub(/\s+/, ' ')}\n" }.join)
end

server = WEBrick::HTTPServer.new(
  BindAddress: '127.0.0.1', Port: PORT, AccessLog: [],
  Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN),
  StartCallback: -> { puts 'ready'; $stdout.flush }
)
server.mount_proc('/') do |http, answer|
  case http.path
  when '/start' then start(http, answer)
  when '/return' then complete(http, answer)
  when '/'
    if http['Accept'].to_s.include?('application/xrds+xml')
      answer['Content-Type'] = 'application/xrds+xml'
      answer.body = XRDS
    else
      plain(answer, 200, "A relying party: /start?openid=URL\n")
    end
  else plain(answer, 404, "not found\n")
  end
end
trap('TERM') { server.shutdown }
server.start
