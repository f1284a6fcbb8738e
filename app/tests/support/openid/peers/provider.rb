# A provider that shares no code with ours: ruby-openid behind WEBrick. It knows no passwords:
# whoever asks is taken at their word.
#
#   ruby provider.rb PORT [--post]
#
# prints "ready" once it listens on 127.0.0.1 and ends on SIGTERM; the library's log is on stderr.
# --post returns positive assertions by a form that submits itself, otherwise by redirect.
#
#   /id/NAME           an identity, found through its HTML
#   /old/NAME          an identity of OpenID 1.1 alone
#   /id/NAME?yadis=1   the same person, found through XRDS alone
#   /                  the provider's own identifier: answers with /id/selected
#   /server            the endpoint; /id/refuser always declines

require 'openid'
require 'openid/extensions/sreg'
require 'openid/store/memory'
require 'webrick'

PORT = Integer(ARGV.fetch(0))
BY_POST = ARGV[1] == '--post'
BASE = "http://127.0.0.1:#{PORT}"
ENDPOINT = "#{BASE}/server"
OPENID = OpenID::Server::Server.new(OpenID::Store::Memory.new, ENDPOINT)

def xrds(type)
  <<~XML
    <?xml version="1.0" encoding="UTF-8"?>
    <xrds:XRDS xmlns:xrds="xri://$xrds" xmlns="xri://$xrd*($v*2.0)">
      <XRD><Service priority="0">
        <Type>#{type}</Type>
        <URI>#{ENDPOINT}</URI>
      </Service></XRD>
    </xrds:XRDS>
  XML
end

def page(answer, type, body, status = 200)
  answer.status = status
  answer['Content-Type'] = type
  answer.body = body
end

def identity(http, answer, name)
  versions = http.path.start_with?('/old/') ? 'openid.server' : 'openid2.provider openid.server'
  link = %(<link rel="#{versions}" href="#{ENDPOINT}">\n)
  if http.query['yadis']
    # No link here: a relying party that misses the XRDS must fail and not fall back.
    link = ''
    answer['X-XRDS-Location'] = "#{BASE}/xrds/#{name}"
    answer['Vary'] = 'Accept'
    return person(answer) if http['Accept'].to_s.include?('application/xrds+xml')
  end
  page(answer, 'text/html; charset=utf-8', <<~HTML)
    <!DOCTYPE html>
    <html>
    <head>
    <title>#{name}</title>
    #{link}</head>
    <body><h1>#{name}</h1></body>
    </html>
  HTML
end

def person(answer)
  page(answer, 'application/xrds+xml', xrds(OpenID::OPENID_2_0_TYPE))
end

def endpoint(http, answer)
  request = OPENID.decode_request(http.query.transform_values { |value| String.new(value) })
  if request.nil?
    page(answer, 'text/plain', "An OpenID endpoint.\n")
  elsif request.is_a?(OpenID::Server::CheckIDRequest)
    send_back(answer, decide(request))
  else
    encoded = OPENID.encode_response(OPENID.handle_request(request))
    # The library answers 200 even when it refuses an association; OpenID 2.0 wants 400.
    refused = encoded.body.match?(/^error(_code)?:/)
    page(answer, 'text/plain', encoded.body, refused ? 400 : encoded.code)
  end
rescue OpenID::Server::ProtocolError => e # not a StandardError in this library
  # Never to return_to: the faulty request may be all that vouches for that address.
  page(answer, 'text/plain', "error:#{e.to_s.tr("\n", ' ')}\n", 400)
end

def decide(request)
  chosen = request.id_select ? "#{BASE}/id/selected" : request.identity
  name = chosen.to_s[%r{\A#{Regexp.escape(BASE)}/(?:id|old)/([\w.-]+)}, 1]
  return request.answer(false) if name.nil? || name == 'refuser'

  response = request.answer(true, nil, chosen)
  wanted = OpenID::SReg::Request.from_openid_request(request)
  if wanted
    profile = { 'nickname' => name, 'email' => "#{name}@example.com" }
    response.add_extension(OpenID::SReg::Response.extract_response(wanted, profile))
  end
  response
end

def send_back(answer, response)
  by_post = false
  if response.needs_signing
    response = OPENID.signatory.sign(response)
    by_post = BY_POST || response.render_as_form
  end
  if by_post
    page(answer, 'text/html; charset=utf-8', response.to_html)
  else
    answer.status = 302
    answer['Location'] = response.encode_to_url
  end
end

server = WEBrick::HTTPServer.new(
  BindAddress: '127.0.0.1', Port: PORT, AccessLog: [],
  Logger: WEBrick::Log.new($stderr, WEBrick::Log::WARN),
  StartCallback: -> { puts 'ready'; $stdout.flush }
)
server.mount_proc('/') do |http, answer|
  case http.path
  when '/' then page(answer, 'application/xrds+xml', xrds(OpenID::OPENID_IDP_2_0_TYPE))
  when '/server' then endpoint(http, answer)
  when %r{\A/xrds/[\w.-]+\z} then person(answer)
  when %r{\A/(?:id|old)/([\w.-]+)\z} then identity(http, answer, $1)
  else page(answer, 'text/plain', "not found\n", 404)
  end
end
trap('TERM') { server.shutdown }
server.start
